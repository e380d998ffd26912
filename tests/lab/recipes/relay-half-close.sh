# shellcheck shell=bash
# servers: postfix exim
about "The client sends the end of its message and QUIT together and closes its direction at once; the open relay ($MTA) still answers and forwards."
server open
dest_postfix
letter "$RUN/one" sales@client.example user@third.example "In a hurry"
capture_start
talk_from 198.51.100.66 25 <<SCRIPT
<
> EHLO mail.client.example
> MAIL FROM:<sales@client.example>
> RCPT TO:<user@third.example>
> DATA
>data $RUN/one
>> QUIT
half
< 2
SCRIPT
wait_delivered 1
capture_stop
