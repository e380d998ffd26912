# shellcheck shell=bash
# servers: closed open
about "The smtp-open-relay script of nmap itself against a Postfix that is $MTA; it sends recipients only, never a message."
# nmap keeps no transcript; the server's, turned round, takes its place.
kind=$MTA MTA=postfix
server "$kind" "debug_peer_list = 198.51.100.66" "smtpd_hard_error_limit = 100"
net out route replace 192.0.2.0/24 via 192.0.2.1 src 198.51.100.66
capture_start
in_ns out nmap -n -Pn -sT -p 25 --script smtp-open-relay --script-args \
	smtp-open-relay.domain=third.example,smtp-open-relay.from=antispam,smtp-open-relay.to=relaytest \
	"$SERVER" >"$RUN/nmap.log" || die "nmap failed"
capture_stop
transcript 198.51.100.66 "$SERVER:25"
sed -nE 's/.*smtpd\[[0-9]+\]: < [^ ]+\[198.51.100.66\]: / -> /p
	s/.*smtpd\[[0-9]+\]: > [^ ]+\[198.51.100.66\]: ([45])/<** \1/p
	s/.*smtpd\[[0-9]+\]: > [^ ]+\[198.51.100.66\]: /<-  /p' "$RUN/mx/log" >>"$TRANSCRIPT"
