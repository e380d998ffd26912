# shellcheck shell=bash
about "Dante's rules refuse outsiders: SOCKS4, SOCKS5 and a SOCKS5 request sent together with the greeting get a refusal; nothing leaves."
proxy_net
dante refusing
capture_start
REFUSED=yes curl_mail socks4 198.51.100.66 $PROXY:1080 $DEST:25 user@third.example
REFUSED=yes curl_mail socks5 198.51.100.66 $PROXY:1080 $DEST:25 user@third.example
probe_from 198.51.100.7 $PROXY:1080 $DEST:25 socks4 socks4
probe_from 198.51.100.7 $PROXY:1080 $DEST:25 socks5 socks5-early
capture_stop
