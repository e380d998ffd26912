# shellcheck shell=bash
about "An open tinyproxy on a host with two addresses: asked at 192.0.2.81, its connections leave from 192.0.2.80. One message."
proxy_net
TINYPROXY_BIND='' tinyproxy
target_postfix
capture_start
curl_mail http-connect 198.51.100.66 "$PROXY2:8888" "$DEST:25" user@third.example
wait_taken 1
capture_stop
