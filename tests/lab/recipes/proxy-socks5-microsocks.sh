# shellcheck shell=bash
about "An outside client mails through an open microsocks, by SOCKS5 with an address and with a name."
proxy_net
microsocks
target_postfix
capture_start
curl_mail socks5 198.51.100.66 "$PROXY2:1080" "$DEST:25" user1@third.example
curl_mail socks5-name 198.51.100.66 "$PROXY2:1080" mx.example.com:25 user2@third.example
wait_taken 2
capture_stop
