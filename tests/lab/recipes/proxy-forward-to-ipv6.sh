# shellcheck shell=bash
about "A forwarder of ours (6tunnel) is called over IPv4 and dials the outside mail server over IPv6."
proxy_net
target_postfix
tunnel_to_ipv6 "$DEST6" 25
capture_start
curl_mail tcp-forward 198.51.100.66 "$PROXY:2525" "[$DEST6]:25" user@third.example
wait_taken 1
capture_stop
