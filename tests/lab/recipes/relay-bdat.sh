# shellcheck shell=bash
# servers: postfix exim
about "Relaying with BDAT ($MTA): one chunk; chunks of 300 octets; all chunks pipelined; an empty last chunk."
server open
dest_postfix
for i in 1 2 3 4; do
	letter "$RUN/letter$i" sales@client.example user@third.example "Chunked offer $i" 5
done
capture_start
talk_from 198.51.100.7 25 <<SCRIPT
<
> EHLO mail.client.example
> MAIL FROM:<sales@client.example>
> RCPT TO:<user@third.example>
bdat $RUN/letter1 100000
> MAIL FROM:<sales@client.example>
> RCPT TO:<user@example.net>
bdat $RUN/letter2 300
>> MAIL FROM:<sales@client.example> BODY=8BITMIME
>> RCPT TO:<user@example.com>
>bdat $RUN/letter3 600
< 5
> MAIL FROM:<sales@client.example>
> RCPT TO:<user@other.example>
chunk $RUN/letter4
> BDAT 0 LAST
> QUIT
SCRIPT
wait_delivered 4
capture_stop
