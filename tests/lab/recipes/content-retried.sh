# shellcheck shell=bash
# servers: postfix exim
about "An open relay refuses a message at its end with 4xx, the same again with 5xx, and takes another of the same session ($MTA)."
printf '%s\n' 'slow@client.example 451 4.7.1 later' 'spam@client.example 554 5.7.1 never' >"$RUN/late"
case $MTA in
postfix) server open "smtpd_end_of_data_restrictions = check_sender_access texthash:$RUN/late" ;;
exim) server open "acl_smtp_data = late" "acl: accept" "acl: late:" \
	"acl: defer senders = slow@client.example" "acl: message = later" \
	"acl: deny senders = spam@client.example" "acl: message = never" \
	"acl: accept" "acl: unused:" ;;
esac
dest_postfix
capture_start
{
	printf '%s\n' "<" "> EHLO mail.client.example"
	transaction slow@client.example user1@third.example
	echo "> RSET"
	transaction spam@client.example user2@third.example info@example.org
	echo "> RSET"
	transaction sales@client.example user3@third.example
	echo "> QUIT"
} >"$RUN/script"
talk_from 198.51.100.66 25 <"$RUN/script"
wait_delivered 1
capture_stop
