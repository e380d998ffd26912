# shellcheck shell=bash
# servers: postfix exim
about "An open relay addressed by source routes, over the server and over a further host ($MTA)."
server open
dest_postfix
capture_start
{
	printf '%s\n' "<" "> EHLO mail.client.example"
	transaction sales@client.example '@example.org:u1@third.example'
	transaction sales@client.example '@mx.example.org,@mx.example.net:u2@example.com'
	echo "> QUIT"
} >"$RUN/script"
talk_from 198.51.100.66 25 <"$RUN/script"
wait_delivered "$(grep -cE 'queued as|OK id=' "$RUN/clients/001")"
capture_stop
