# shellcheck shell=bash
# servers: postfix exim
about "The 16 tests of nmap's smtp-open-relay, each with DATA where the server lets it, against a closed server ($MTA)."
case $MTA in
postfix) server closed "smtpd_hard_error_limit = 100" ;;
exim) server closed "smtp_max_synprot_errors = 100" "smtp_accept_max_nonmail = 100" \
	"allow_domain_literals = true" ;;
esac
capture_start
{
	printf '%s\n' "<" "> EHLO scan.client.example"
	relay_tests relaytest third.example
	echo "> QUIT"
} >"$RUN/script"
talk_from 198.51.100.66 25 <"$RUN/script"
capture_stop
