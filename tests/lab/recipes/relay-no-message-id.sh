# shellcheck shell=bash
# servers: postfix exim
about "Relayed mail without a Message-ID, with lines that begin with dots ($MTA)."
server open
dest_postfix
letter "$RUN/letter" sales@client.example user@third.example "List of parts"
sed '/^Message-ID/d; s/^terms/.terms/; s/^the offer/..the offer/' "$RUN/letter" >"$RUN/one"
capture_start
talk_from 198.51.100.66 25 <<SCRIPT
<
> EHLO mail.client.example
> MAIL FROM:<sales@client.example>
> RCPT TO:<user@third.example>
> DATA
data $RUN/one
> QUIT
SCRIPT
wait_delivered 1
capture_stop
