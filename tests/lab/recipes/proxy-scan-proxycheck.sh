# shellcheck shell=bash
about "proxycheck, as mail servers used it against their clients, tests an open Squid and an open Dante and waits for the banner of its own port 25."
proxy_net
squid open
dante open
target_postfix
as_client 198.51.100.66
capture_start
in_ns out proxycheck -v -v -b 198.51.100.66 -d "$DEST:25" -c "chat::220 mx.example.com" \
	-p "hc:3128" -p "ho:3128" -p "s4:1080" -p "s5:1080" "$PROXY" >"$RUN/asked/proxycheck" 2>&1 || true
capture_stop
grep -qi open "$RUN/asked/proxycheck" || die "proxycheck found nothing"
touch "$RUN/ask-the-log"
