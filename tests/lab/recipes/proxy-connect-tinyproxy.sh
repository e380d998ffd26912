# shellcheck shell=bash
about "An outside client mails through an open tinyproxy, which restricts no ports: CONNECT to port 25, then one message."
proxy_net
tinyproxy
target_postfix
capture_start
curl_mail http-connect 198.51.100.66 "$PROXY2:8888" "$DEST:25" user@third.example
wait_taken 1
capture_stop
