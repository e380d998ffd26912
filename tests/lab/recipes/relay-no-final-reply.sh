# shellcheck shell=bash
# servers: postfix
about "The client resets the connection right behind the end of its message and never sees the final reply; the relay ($MTA) forwards all the same."
server open
dest_postfix
letter "$RUN/one" sales@client.example user@third.example "Last call"
capture_start
talk_from 198.51.100.66 25 <<SCRIPT
<
> EHLO mail.client.example
> MAIL FROM:<sales@client.example>
> RCPT TO:<user@third.example>
> DATA
>data $RUN/one
reset
SCRIPT
wait_delivered 1
capture_stop
