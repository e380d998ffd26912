# shellcheck shell=bash
about "A chain whose second proxy is outside: CONNECT through our open Squid to an outside Squid, then CONNECT to the mail server, two messages. What leaves us is a tunnel in which the mail can be read."
proxy_net
squid open
squid_at out "$OUTSIDE_PROXY" open
target_postfix
as_client 198.51.100.66
touch "$RUN/relays"
capture_start
session_script 2 >"$RUN/script"
output
chained http "$PROXY:3128" http "$OUTSIDE_PROXY:3128" -- "$LAB_DIR/talk" 0.0.0.0 "$DEST" 25 \
	<"$RUN/script" >"$OUTPUT" || die "the conversation failed"
ask http-connect 198.51.100.66 "$PROXY:3128" "$OUTSIDE_PROXY:3128>$DEST:25" granted
wait_taken 2
capture_stop
