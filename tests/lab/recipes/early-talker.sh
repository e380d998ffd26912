# shellcheck shell=bash
# servers: postfix exim
about "A client that sends the whole dialogue before the banner, as bots do, to an open relay that puts up with it ($MTA)."
case $MTA in
postfix) server open ;;
exim) server open "smtp_enforce_sync = false" ;;
esac
dest_postfix
letter "$RUN/one" sales@client.example user@third.example "First come"
capture_start
talk_from 198.51.100.66 25 <<SCRIPT
>> EHLO mail.client.example
>> MAIL FROM:<sales@client.example>
>> RCPT TO:<user@third.example>
>> DATA
>data $RUN/one
>> QUIT
< 7
SCRIPT
wait_delivered 1
capture_stop
