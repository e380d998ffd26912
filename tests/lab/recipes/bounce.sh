# shellcheck shell=bash
# servers: postfix exim
about "Mail to a local address whose mailbox is gone is accepted and bounced: a null-sender message leaves for the sender ($MTA). Benign."
server alias=old@example.org:gone@example.org "$(case $MTA in
	postfix) echo 'notify_classes = bounce' ;;
	exim) echo 'acl: accept local_parts = old' ;;
esac)"
dest_postfix
capture_start
mail 198.51.100.7 sales@client.example old@example.org
wait_delivered 1
capture_stop
