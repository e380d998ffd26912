# shellcheck shell=bash
# servers: postfix exim
about "Local recipients in unusual forms: no domain, the server's literal and name, capitals, a trailing space, BATV and VERP local parts, quotes ($MTA). Benign."
case $MTA in
postfix) server closed "virtual_mailbox_maps = static:box" ;;
exim) server closed "allow_domain_literals = true" "recipient_unqualified_hosts = *" \
	"router: catchall:" "router: driver = accept" "router: domains = +local_domains" \
	"router: transport = mailbox" ;;
esac
capture_start
{
	printf '%s\n' "<" "> HELO mail.client.example" "> VRFY info" "> NOOP" "> HELP"
	for to in postmaster "postmaster@[192.0.2.25]" postmaster@mx.example.org INFO@EXAMPLE.ORG \
		'"info"@example.org' prvs=1234abcdef=info@example.org \
		list-bounces+user=third.example@example.org 'SRS0=ab+c=de=third.example=user@example.org' \
		'"john doe"@example.org'; do
		transaction sales@client.example "$to"
	done
	echo "> RSET"
	echo "> QUIT"
} >"$RUN/script"
talk_from 198.51.100.7 25 <"$RUN/script"
capture_stop
