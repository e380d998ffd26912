# shellcheck shell=bash
about "Postfix puts a message off at its end by smtpd_end_of_data_restrictions and keeps its sender: the next MAIL is refused as nested, yet the recipient behind it is taken and its message leaves."
MTA=postfix
cat >"$RUN/policy" <<'POLICY'
#!/bin/sh
cd "${0%/*}"
# Puts off the first that asks.
while read -r line && [ -n "$line" ]; do :; done
mkdir asked/once 2>/dev/null && echo "action=451 4.7.1 later" || echo "action=dunno"
echo
POLICY
chmod 755 "$RUN/policy"
mkdir -p "$RUN/mx"
install -d -m 777 "$RUN/asked"
echo "policy unix - n n - 0 spawn user=nobody argv=$RUN/policy" >"$RUN/mx/master.more"
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
wait_delivered 1
capture_stop
