# shellcheck shell=bash
about "A campaign in one tunnel: 36 messages through an open Squid, all in the same SMTP session."
proxy_net
squid open
target_postfix
as_client 198.51.100.66
capture_start
{
	printf '%s\n' "<" "> EHLO mail.client.example"
	for ((i = 1; i <= 36; i++)); do
		SUBJECT="Special offer $i" transaction "news$i@client.example" "user$i@third.example"
	done
	echo "> QUIT"
} >"$RUN/script"
output
chained http "$PROXY:3128" -- "$LAB_DIR/talk" 0.0.0.0 "$DEST" 25 <"$RUN/script" >"$OUTPUT" ||
	die "the conversation failed"
ask http-connect 198.51.100.66 "$PROXY:3128" "$DEST:25" granted
wait_taken 36
capture_stop
