# shellcheck shell=bash
about "A host of ours forwards its port 2525 to an outside mail server and tells it the client by a line of the PROXY protocol ahead of the bytes (HAProxy); two messages."
proxy_net
target_postfix "smtpd_upstream_proxy_protocol = haproxy"
haproxy "$PROXY:2525" "$DEST:25" send-proxy
touch "$RUN/relays"
capture_start
curl_mail tcp-forward 198.51.100.66 "$PROXY:2525" "$DEST:25" user1@third.example
curl_mail tcp-forward 198.51.100.66 "$PROXY:2525" "$DEST:25" user2@third.example
wait_taken 2
capture_stop
