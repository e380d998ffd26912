# shellcheck shell=bash
about "An outside client mails through an open Dante, one message each by SOCKS4, SOCKS5 with an address and SOCKS5 with a name. Dante takes SOCKS4a for a request for 0.0.0.1 and refuses."
proxy_net
dante open
target_postfix
capture_start
curl_mail socks4 198.51.100.66 "$PROXY:1080" "$DEST:25" user1@third.example
REFUSED=yes curl_mail socks4a 198.51.100.66 "$PROXY:1080" mx.example.com:25 user2@third.example
curl_mail socks5 198.51.100.66 "$PROXY:1080" "$DEST:25" user3@third.example
curl_mail socks5-name 198.51.100.66 "$PROXY:1080" mx.example.com:25 user4@third.example
wait_taken 3
capture_stop
