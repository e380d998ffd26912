# shellcheck shell=bash
about "An outside client mails through an open Squid: CONNECT to the outside mail server's port 25, then one message."
proxy_net
squid open
target_postfix
capture_start
curl_mail http-connect 198.51.100.66 "$PROXY:3128" "$DEST:25" user@third.example
wait_taken 1
capture_stop
