# shellcheck shell=bash
# servers: postfix exim
about "One session, six transactions with own and outside recipients through a server that relays for all but a blocked domain and address ($MTA): each ends in its own way."
case $MTA in
postfix)
	printf '%s\n' 'other.example 554 5.7.1 not to them' \
		'nobody@third.example 451 4.7.1 not now' >"$RUN/blocked"
	server open "smtpd_recipient_restrictions = check_recipient_access texthash:$RUN/blocked"
	;;
exim)
	server open "acl: deny domains = other.example" "acl: message = not to them" \
		"acl: defer recipients = nobody@third.example" "acl: message = not now"
	;;
esac
dest_postfix
capture_start
{
	printf '%s\n' "<" "> EHLO mail.client.example"
	transaction sales@client.example info@example.org
	transaction sales@client.example user1@other.example info@example.org
	transaction sales@client.example user2@other.example user2@third.example
	transaction sales@client.example user3@other.example nobody@third.example
	transaction sales@client.example nobody@example.org user4@example.net
	transaction sales@client.example alice@example.org user5@third.example user5@example.net \
		nobody@third.example
	echo "> QUIT"
} >"$RUN/script"
talk_from 198.51.100.66 25 <"$RUN/script"
wait_delivered 7
capture_stop
