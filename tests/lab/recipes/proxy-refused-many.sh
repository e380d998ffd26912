# shellcheck shell=bash
about "200 refused probes for a mail port from one scanner, as open proxy testers send them: SOCKS4 and SOCKS5 to Dante, CONNECT as HTTP/1.0 to tinyproxy."
proxy_net
dante refusing
tinyproxy "ConnectPort 443" "ConnectPort 563"
capture_start
probe_from 198.51.100.66 "$PROXY:1080" "$DEST:25" socks4 socks4 -n 70
probe_from 198.51.100.66 "$PROXY:1080" "$DEST:25" socks5 socks5-early -n 70
probe_from 198.51.100.66 "$PROXY2:8888" "$DEST:25" http-connect connect -n 60
capture_stop
