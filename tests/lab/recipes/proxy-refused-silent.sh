# shellcheck shell=bash
about "Open proxies (Squid, Dante) whose target does not answer at all: SYNs leave for port 25, the client gets a refusal after some seconds."
proxy_net
squid open
dante open
capture_start
REFUSED=yes curl_mail http-connect 198.51.100.66 "$PROXY:3128" "$DEST_SILENT:25" user@third.example
REFUSED=yes curl_mail socks5 198.51.100.66 "$PROXY:1080" "$DEST_SILENT:25" user@third.example
capture_stop
