# shellcheck shell=bash
# servers: postfix exim
about "A pipelining client relays: MAIL, four RCPT and DATA in one segment, one RCPT of them refused by its syntax; then a second message in the same session ($MTA)."
server open
dest_postfix
letter "$RUN/one" sales@client.example user@third.example "Price list"
letter "$RUN/two" sales@client.example user@example.net "Price list, again"
capture_start
talk_from 198.51.100.7 25 <<SCRIPT
<
> EHLO mail.client.example
>> MAIL FROM:<sales@client.example>
>> RCPT TO:<user@third.example>
>> RCPT TO:<user@other.example>
>> RCPT TO:<not an address@@>
>> RCPT TO:<info@example.org>
>> DATA
< 6
>data $RUN/one
>> MAIL FROM:<sales@client.example>
>> RCPT TO:<user@example.net>
>> DATA
< 4
>data $RUN/two
>> QUIT
< 2
SCRIPT
wait_delivered 4
capture_stop
