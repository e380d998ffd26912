# shellcheck shell=bash
about "An outside client mails through an open Dante to port 465: nothing but TLS inside the tunnel."
proxy_net
dante open
target_postfix tls
capture_start
URL=smtps curl_mail socks5 198.51.100.66 "$PROXY:1080" "$DEST:465" user@third.example -k
wait_taken 1
capture_stop
