# shellcheck shell=bash
# servers: postfix exim
about "Clients that hold to no rule, all served by an open relay ($MTA): no HELO, lower case, no brackets, bare LF, pipelining without EHLO, no QUIT."
case $MTA in
postfix) server open "smtpd_forbid_bare_newline = no" ;;
exim) server open "smtp_enforce_sync = false" "hosts_require_helo =" ;;
esac
dest_postfix
for i in 1 2 3 4; do
	letter "$RUN/$i" sales@client.example user@third.example "Offer $i"
done
capture_start
talk_from 198.51.100.66 25 <<SCRIPT
<
> mail from: sales@client.example
> rcpt to: user1@third.example
> data
data $RUN/1
SCRIPT
talk_from 198.51.100.66 25 <<SCRIPT
<
> helo pc
> Mail From:<sales@client.example>
> Rcpt To:<user2@third.example>
> Data
data $RUN/2
> quit
SCRIPT
talk_from 198.51.100.66 25 <<SCRIPT
lf
<
> HELO pc
> MAIL FROM:<sales@client.example>
> RCPT TO:<user3@third.example>
> DATA
data $RUN/3
> QUIT
SCRIPT
talk_from 198.51.100.66 25 <<SCRIPT
<
>> HELO pc
>> MAIL FROM:<sales@client.example>
>> RCPT TO:<user4@third.example>
>> DATA
>data $RUN/4
>> QUIT
< 6
SCRIPT
wait_delivered 4
capture_stop
