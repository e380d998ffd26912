# shellcheck shell=bash
# servers: postfix exim
about "A scanner that goes on with DATA after each refusal is thrown out with 421 or a close in the middle of its tests ($MTA)."
case $MTA in
postfix) server closed ;;
exim) server closed "allow_domain_literals = true" ;;
esac
capture_start
{
	printf '%s\n' "<" "> EHLO scan.client.example"
	relay_tests relaytest third.example | sed 's/^letter .*/> DATA/'
	echo "> QUIT"
} >"$RUN/script"
talk_from 198.51.100.66 25 <"$RUN/script"
capture_stop
