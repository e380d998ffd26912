# shellcheck shell=bash
about "Refusals of SOCKS: Dante by its rules, to SOCKS4, SOCKS5 and a SOCKS5 request sent together with the greeting; microsocks answers SOCKS4 with 05 FF. Nothing leaves."
proxy_net
dante refusing
microsocks
capture_start
REFUSED=yes curl_mail socks4 198.51.100.66 "$PROXY:1080" "$DEST:25" user@third.example
REFUSED=yes curl_mail socks5 198.51.100.66 "$PROXY:1080" "$DEST:25" user@third.example
probe_from 198.51.100.7 "$PROXY:1080" "$DEST:25" socks4 socks4
probe_from 198.51.100.7 "$PROXY:1080" "$DEST:25" socks5 socks5-early
probe_from 198.51.100.7 "$PROXY2:1080" "$DEST:25" socks4 socks4
capture_stop
