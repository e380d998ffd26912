# shellcheck shell=bash
# servers: postfix exim
about "A client that listens to nothing: it sends two messages to outside recipients, command after command and line after line, to a closed server that refuses all of it ($MTA)."
server closed
letter "$RUN/one" sales@client.example user1@third.example "Deaf" 0
letter "$RUN/two" sales@client.example user2@third.example "And dumb" 0
capture_start
talk_from 198.51.100.66 25 <<SCRIPT
<
> HELO mail.client.example
> MAIL FROM:<sales@client.example>
> RCPT TO:<user1@third.example>
> DATA
>data $RUN/one
drain
> MAIL FROM:<sales@client.example>
> RCPT TO:<user2@third.example>
> DATA
>data $RUN/two
drain
SCRIPT
capture_stop
