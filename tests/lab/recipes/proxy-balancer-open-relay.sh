# shellcheck shell=bash
about "A load balancer (HAProxy in TCP mode) hides the client's address from our mail server, which so takes an outsider for one of ours and relays. Seen at the border: asked at 192.0.2.30, the mail leaves from 192.0.2.25."
MTA=postfix
proxy_net
server closed
dest_postfix
haproxy "$BALANCER:25" "$SERVER:25"
TRUTH=truth
capture_start
session_script 2 >"$RUN/script"
transcript 198.51.100.66 "$BALANCER:25"
in_ns out "$LAB_DIR/talk" 198.51.100.66 "$BALANCER" 25 <"$RUN/script" >>"$TRANSCRIPT" ||
	die "the conversation failed"
wait_delivered 2
capture_stop
