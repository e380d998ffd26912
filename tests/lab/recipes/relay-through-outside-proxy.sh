# shellcheck shell=bash
about "An open relay (Exim) that sends on through a SOCKS proxy outside: both legs can be read."
MTA=exim
proxy_net
server open "transport: socks_proxy = $OUTSIDE_PROXY" \
	"transport: hosts_avoid_pipelining = *" # microsocks passes on no half-close
target_postfix
mkdir -p "$RUN/microsocks-outside"
spawn out microsocks -i "$OUTSIDE_PROXY" -b "$OUTSIDE_PROXY" >"$RUN/microsocks-outside/log" 2>&1
listening out "$OUTSIDE_PROXY" 1080 "microsocks"
TRUTH="truth truth-proxy"
touch "$RUN/relays"
capture_start
for client in 198.51.100.7 198.51.100.66; do
	mail "$client" sales@client.example user@third.example
	ask socks5 "$SERVER" "$OUTSIDE_PROXY:1080" "$DEST:25" granted
done
wait_delivered 2
capture_stop
