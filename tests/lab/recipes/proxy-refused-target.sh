# shellcheck shell=bash
about "Open proxies (Squid, Dante, tinyproxy, microsocks) whose target's port 25 is closed: the target answers the proxy's SYN with RST, the client gets a refusal."
proxy_net
squid open
dante open
tinyproxy
microsocks
capture_start
REFUSED=yes curl_mail http-connect 198.51.100.66 "$PROXY:3128" "$DEST_CLOSED:25" user@third.example
REFUSED=yes curl_mail http-connect 198.51.100.66 "$PROXY2:8888" "$DEST_CLOSED:25" user@third.example
REFUSED=yes curl_mail socks4 198.51.100.66 "$PROXY:1080" "$DEST_CLOSED:25" user@third.example
REFUSED=yes curl_mail socks5 198.51.100.66 "$PROXY:1080" "$DEST_CLOSED:25" user@third.example
REFUSED=yes curl_mail socks5 198.51.100.66 "$PROXY2:1080" "$DEST_CLOSED:25" user@third.example
capture_stop
