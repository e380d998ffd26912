# shellcheck shell=bash
about "Apache as an open forward proxy (mod_proxy, ports 25 and 443): an outside client mails through CONNECT; a scanner reaches the banner by CONNECT, POST and GET; port 587 is refused."
proxy_net
apache open
target_postfix
capture_start
curl_mail http-connect 198.51.100.66 "$PROXY2:8080" "$DEST:25" user@third.example
probe_from 198.51.100.66 "$PROXY2:8080" "$DEST:25" http-connect connect -q
probe_from 198.51.100.66 "$PROXY2:8080" "$DEST:25" http-post post
probe_from 198.51.100.66 "$PROXY2:8080" "$DEST:25" http-get get
REFUSED=yes curl_mail http-connect 198.51.100.7 "$PROXY2:8080" "$DEST:587" user@third.example
wait_taken 1
capture_stop
