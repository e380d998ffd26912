# shellcheck shell=bash
# servers: postfix exim
about "A scanner that stops after the accepted recipient at an open relay: by RSET, by QUIT, and by cutting the connection ($MTA)."
server open
capture_start
talk_from 198.51.100.66 25 <<'SCRIPT'
<
> EHLO scan.client.example
> MAIL FROM:<scan@client.example>
> RCPT TO:<user@third.example>
> RSET
> MAIL FROM:<scan@client.example>
> RCPT TO:<user@example.net>
> QUIT
SCRIPT
talk_from 198.51.100.66 25 <<'SCRIPT'
<
> EHLO scan.client.example
> MAIL FROM:<scan@client.example>
> RCPT TO:<user@example.com>
reset
SCRIPT
capture_stop
