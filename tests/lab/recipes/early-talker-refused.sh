# shellcheck shell=bash
# servers: postfix exim
about "A server that minds clients who talk before the banner ($MTA; Postfix with postscreen, which answers 550 to each RCPT, Exim with 554 and a closed door); a patient client relays through it."
case $MTA in
postfix)
	mkdir -p "$RUN/mx"
	cat >"$RUN/mx/master.more" <<-MASTER
		smtp       inet  n - n - 1 postscreen
		smtpd      pass  - - n - - smtpd
		dnsblog    unix  - - n - 0 dnsblog
		tlsproxy   unix  - - n - 0 tlsproxy
	MASTER
	server open "postscreen_greet_action = enforce" "postscreen_greet_wait = 1s" \
		"postscreen_access_list ="
	;;
exim) server open "pipelining_connect_advertise_hosts =" ;;
esac
dest_postfix
letter "$RUN/one" sales@client.example user@third.example "First come"
capture_start
talk_from 198.51.100.66 25 <<SCRIPT
>> EHLO mail.client.example
>> MAIL FROM:<sales@client.example>
>> RCPT TO:<user@third.example>
>> QUIT
drain
SCRIPT
mail 198.51.100.7 sales@client.example user@third.example
wait_delivered 1
capture_stop
