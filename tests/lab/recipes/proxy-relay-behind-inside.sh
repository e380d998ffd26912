# shellcheck shell=bash
about "An outsider asks our open Squid for our own mail server, which trusts inside addresses and relays the message to a third party. The span port sees inside traffic too: the tunnel, the hop to the mail server, and the mail that leaves."
MTA=postfix
proxy_net
squid open
server closed
target_postfix
TRUTH="truth truth-proxy"
touch "$RUN/relays"
capture_inside
as_client 198.51.100.66
session_script 1 >"$RUN/script"
transcript 198.51.100.66 "$SERVER:25"
chained http "$PROXY:3128" -- "$LAB_DIR/talk" 0.0.0.0 "$SERVER" 25 <"$RUN/script" >>"$TRANSCRIPT" ||
	die "the conversation failed"
ask http-connect 198.51.100.66 "$PROXY:3128" "$SERVER:25" granted
wait_delivered 1
capture_stop
