# shellcheck shell=bash
# servers: postfix exim
about "The server asks the sender's MX whether the sender exists before it takes mail for a local user ($MTA). Benign: the outbound sessions end before a message."
case $MTA in
postfix) server closed "smtpd_sender_restrictions = reject_unverified_sender" "address_verify_map =" ;;
exim) server closed "acl: require verify = sender/callout" ;;
esac
dest_postfix
dest_refuse "ghost@client.example 550 5.1.1 no such user"
capture_start
mail 198.51.100.7 sales@client.example info@example.org
mail 198.51.100.8 ghost@client.example info@example.org
wait_logged 1 'delivered to mailbox|T=mailbox'
capture_stop
