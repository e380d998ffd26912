# shellcheck shell=bash
# servers: postfix exim
about "A closed server that takes any local part of its domain ($MTA): tricks are accepted and end in a local mailbox, so they are suspected only."
case $MTA in
postfix) server closed "local_recipient_maps =" "virtual_mailbox_maps = static:box" "allow_percent_hack = no" \
	"swap_bangpath = no" "resolve_dequoted_address = no" "allow_untrusted_routing = yes" ;;
exim) server closed "router: catchall:" "router: driver = accept" "router: domains = example.org" "router: transport = mailbox" ;;
esac
dest_postfix
capture_start
{
	printf '%s\n' "<" "> EHLO scan.client.example"
	transaction spam@client.example 'u1%third.example@example.org'
	transaction spam@client.example 'third.example!u2@example.org'
	transaction spam@client.example '"u3@third.example"@example.org'
	transaction spam@client.example 'u4@third.example'
	echo "> QUIT"
} >"$RUN/script"
talk_from 198.51.100.66 25 <"$RUN/script"
wait_logged "$(grep -cE 'queued as|OK id=' "$RUN/clients/001")" ': removed|Completed'
capture_stop
