# shellcheck shell=bash
about "POST trick: an outside client has an open Squid send a body that speaks SMTP to port 25 of a Postfix; it hangs up at the word POST. Connected, but no mail got through."
proxy_net
squid open
target_postfix
capture_start
{
	printf '%s\n' "HELO mail.client.example" "MAIL FROM:<sales@client.example>" \
		"RCPT TO:<user@third.example>" DATA
	letter "$RUN/letter" "Sales <sales@client.example>" user@third.example "Your enquiry"
	printf '%s\n' "letter $RUN/letter" QUIT
} >"$RUN/script"
probe_from 198.51.100.66 "$PROXY:3128" "$DEST:25" http-post post -m "$RUN/script"
probe_from 198.51.100.66 "$PROXY:3128" "$DEST:25" http-post put
capture_stop
grep -q 'non-SMTP command from' "$RUN/dest/log" || die "the target did not hang up"
