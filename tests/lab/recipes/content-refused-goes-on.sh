# shellcheck shell=bash
about "Postfix refuses a message at its end by smtpd_end_of_data_restrictions and keeps the transaction: a second MAIL is nested, the next DATA goes to the recipients of before and one more, and that is accepted and leaves for both."
MTA=postfix
cat >"$RUN/policy" <<'POLICY'
#!/bin/sh
# Puts off the first that asks.
while read -r line && [ -n "$line" ]; do :; done
mkdir "$0.asked" 2>/dev/null && echo "action=451 4.7.1 later" || echo "action=dunno"
echo
POLICY
chmod 755 "$RUN/policy"
mkdir -p "$RUN/mx"
chmod 777 "$RUN"
echo "policy unix - n n - 0 spawn user=postfix argv=$RUN/policy" >"$RUN/mx/master.more"
server open "smtpd_end_of_data_restrictions = check_policy_service unix:private/policy"
dest_postfix
letter "$RUN/one" sales@client.example user1@third.example "Again and again"
capture_start
talk_from 198.51.100.66 25 <<SCRIPT
<
> EHLO mail.client.example
> MAIL FROM:<sales@client.example>
> RCPT TO:<user1@third.example>
> DATA
data $RUN/one
> MAIL FROM:<sales@client.example>
> RCPT TO:<user2@third.example>
> DATA
data $RUN/one
> QUIT
SCRIPT
wait_delivered 2
capture_stop
