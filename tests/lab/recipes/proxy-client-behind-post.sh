# shellcheck shell=bash
about "POST trick at our own server: a client far away has an outside open Squid send a body that speaks SMTP to our Exim, which takes the mail for our user after some lines it does not know; our server is no relay."
MTA=exim
proxy_net
squid_at out "$OUTSIDE_PROXY" open
server closed "smtp_enforce_sync = false" "smtp_max_unknown_commands = 20" \
	"smtp_max_synprot_errors = 20"
far_client 60
as_client "$OUTSIDE_PROXY"
capture_start
{
	printf '%s\n' "RSET" "HELO mail.client.example" "MAIL FROM:<sales@client.example>" \
		"RCPT TO:<info@example.org>" DATA
	letter "$RUN/letter" "Sales <sales@client.example>" info@example.org "Your enquiry"
	printf '%s\n' "letter $RUN/letter" QUIT
} >"$RUN/script"
PROBE_NS=far probe_from 198.51.100.200 "$OUTSIDE_PROXY:3128" "$SERVER:25" http-post post \
	-m "$RUN/script"
wait_delivered 1
capture_stop
