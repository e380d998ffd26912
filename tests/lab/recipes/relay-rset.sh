# shellcheck shell=bash
# servers: postfix exim
about "Transactions broken off by RSET, by EHLO, by a second MAIL, and by RSET behind the last one, among two that go through an open relay in the same session ($MTA)."
server open
dest_postfix
capture_start
{
	printf '%s\n' "<" "> EHLO mail.client.example" "> RSET"
	printf '%s\n' "> MAIL FROM:<one@client.example>" "> RSET"
	printf '%s\n' "> RCPT TO:<early@third.example>"
	printf '%s\n' "> MAIL FROM:<two@client.example>" "> RCPT TO:<user2@third.example>" "> RSET"
	transaction three@client.example user3@third.example
	printf '%s\n' "> RSET" "> RSET"
	printf '%s\n' "> MAIL FROM:<four@client.example>" "> RCPT TO:<user4@third.example>" \
		"> EHLO mail.client.example"
	printf '%s\n' "> MAIL FROM:<five@client.example>" "> MAIL FROM:<six@client.example>"
	printf '%s\n' "> RSET"
	printf '%s\n' "> MAIL FROM:<seven@client.example>" "> RCPT TO:<info@example.org>" "> RSET"
	transaction eight@client.example user8@third.example
	printf '%s\n' "> MAIL FROM:<nine@client.example>" "> RCPT TO:<user9@third.example>" "> QUIT"
} >"$RUN/script"
talk_from 198.51.100.66 25 <"$RUN/script"
wait_delivered 2
capture_stop
