# shellcheck shell=bash
about "POST trick at our own server: an outside open Squid sends a body that speaks SMTP to our Postfix, which hangs up at the word POST."
MTA=postfix
proxy_net
squid_at out "$OUTSIDE_PROXY" open
server closed
far_client 60
as_client "$OUTSIDE_PROXY"
capture_start
PROBE_NS=far probe_from 198.51.100.200 "$OUTSIDE_PROXY:3128" "$SERVER:25" http-post post
capture_stop
