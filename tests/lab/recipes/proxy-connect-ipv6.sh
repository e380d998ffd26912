# shellcheck shell=bash
about "An outside client reaches an open Squid over IPv4 and mails through it to IPv6 servers, by address and by name; then one over IPv6 to an IPv4 server."
proxy_net
squid open
target_postfix
capture_start
curl_mail http-connect 198.51.100.66 "$PROXY:3128" "[$DEST6]:25" user1@six.example
curl_mail http-connect 198.51.100.66 "$PROXY:3128" mx.six.example:25 user2@six.example
curl_mail http-connect 2001:db8:2::7 "[$PROXY6]:3128" "$DEST:25" user3@third.example
wait_taken 3
capture_stop
