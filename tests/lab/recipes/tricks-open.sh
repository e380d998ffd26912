# shellcheck shell=bash
# servers: postfix exim
about "Recipient tricks against a server configured to honour them ($MTA), each with a message; what it forwarded is confirmed, what it took without forwarding is suspected."
server hacks
dest_postfix
capture_start
{
	printf '%s\n' "<" "> EHLO scan.client.example"
	transaction spam@client.example 'u1%third.example@example.org'
	transaction spam@client.example 'third.example!u2@example.org'
	transaction spam@client.example '"u3@third.example"@example.org'
	transaction spam@client.example 'u4@third.example@example.org'
	transaction spam@client.example '@example.org:u5@third.example'
	transaction spam@client.example 'third.example!u6'
	transaction spam@client.example 'u7%third.example'
	transaction spam@client.example '"u8@third.example"'
	transaction spam@client.example 'u9@third.example'
	transaction spam@client.example 'info@example.org'
	echo "> QUIT"
} >"$RUN/script"
talk_from 198.51.100.66 25 <"$RUN/script"
wait_logged "$(grep -cE 'queued as|OK id=' "$RUN/clients/001")" ': removed|Completed'
capture_stop
