# shellcheck shell=bash
# servers: postfix exim
about "An open relay that asks the recipient's MX before it accepts ($MTA): one recipient refused, one accepted and the client quits. The outbound attempts carry no message."
case $MTA in
postfix) server open "address_verify_map =" "smtpd_recipient_restrictions = reject_unverified_recipient" ;;
exim) server open "acl: require verify = recipient/callout" ;;
esac
dest_postfix
dest_refuse "ghost@third.example 550 5.1.1 no such user"
capture_start
talk_from 198.51.100.66 25 <<'SCRIPT'
<
> EHLO scan.client.example
> MAIL FROM:<sales@client.example>
> RCPT TO:<ghost@third.example>
> RSET
> MAIL FROM:<sales@client.example>
> RCPT TO:<user@example.net>
> QUIT
SCRIPT
capture_stop
