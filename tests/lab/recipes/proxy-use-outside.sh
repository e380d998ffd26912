# shellcheck shell=bash
about "An inside host mails through an outside Squid, by CONNECT."
proxy_net
squid_at out "$OUTSIDE_PROXY" open
target_postfix
capture_start
CLIENT_NS=in curl_mail http-connect "$USER_HOST" "$OUTSIDE_PROXY:3128" "$DEST:25" user@third.example
wait_taken 1
capture_stop
