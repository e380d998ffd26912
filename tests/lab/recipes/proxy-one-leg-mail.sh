# shellcheck shell=bash
about "Mail through an open Squid and an open Dante whose connections leave by another line: only the clients' legs are seen."
proxy_net
squid open
dante open
target_postfix
capture_start
curl_mail http-connect 198.51.100.66 "$PROXY:3128" "$DEST:25" user1@third.example
curl_mail socks5 198.51.100.66 "$PROXY:1080" "$DEST:25" user2@third.example
wait_taken 2
capture_stop
one_leg_only
