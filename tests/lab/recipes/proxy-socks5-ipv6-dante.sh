# shellcheck shell=bash
about "SOCKS5 and IPv6 through an open Dante: asked over IPv4 for an IPv6 address, then asked over IPv6 for an IPv4 address; one message each."
proxy_net
dante open
target_postfix
capture_start
curl_mail socks5 198.51.100.66 "$PROXY:1080" "[$DEST6]:25" user@six.example
curl_mail socks5 2001:db8:2::7 "[$PROXY6]:1080" "$DEST:25" user@third.example
wait_taken 2
capture_stop
