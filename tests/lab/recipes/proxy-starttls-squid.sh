# shellcheck shell=bash
about "An outside client mails through an open Squid and turns to TLS inside the tunnel (STARTTLS)."
proxy_net
squid open
target_postfix tls
capture_start
curl_mail http-connect 198.51.100.66 "$PROXY:3128" "$DEST:25" user@third.example --ssl-reqd -k
wait_taken 1
capture_stop
