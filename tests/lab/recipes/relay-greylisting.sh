# shellcheck shell=bash
# servers: postfix exim
about "An open relay with greylisting ($MTA): the first try and one at once after it are put off with 4xx, the later one is accepted and leaves."
case $MTA in
postfix)
	mkdir "$RUN/postgrey"
	chown postgrey "$RUN/postgrey"
	spawn in postgrey --unix="$RUN/postgrey/socket" --dbdir="$RUN/postgrey" --delay=3 \
		--whitelist-clients=/dev/null --whitelist-recipients=/dev/null
	wait_for 10 postgrey test -S "$RUN/postgrey/socket"
	chmod 666 "$RUN/postgrey/socket"
	server open "smtpd_recipient_restrictions = check_policy_service unix:$RUN/postgrey/socket"
	;;
exim)
	server open "acl: defer message = greylisted" \
		"acl: condition = \${if exists{$RUN/seen}{no}{yes}}"
	;;
esac
dest_postfix
{
	printf '%s\n' "<" "> EHLO mail.client.example"
	transaction sales@client.example user@third.example
	transaction sales@client.example user@third.example
	echo "> QUIT"
} >"$RUN/first"
{
	printf '%s\n' "<" "> EHLO mail.client.example"
	transaction sales@client.example user@third.example
	echo "> QUIT"
} >"$RUN/second"
capture_start
talk_from 198.51.100.66 25 <"$RUN/first"
sleep 4 # postgrey's clock
touch "$RUN/seen"
talk_from 198.51.100.66 25 <"$RUN/second"
wait_delivered 1
capture_stop
