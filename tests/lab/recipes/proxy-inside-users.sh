# shellcheck shell=bash
about "An inside user works through the organisation's own Squid: a page and a message leave for outside; the span port sees inside traffic too. Benign."
proxy_net
squid open
target_postfix
nginx_site out site "$DEST_WEB"
capture_inside
CLIENT_NS=in curl_web http-get "$USER_HOST" "$PROXY:3128" "http://$DEST_WEB/"
CLIENT_NS=in curl_mail http-connect "$USER_HOST" "$PROXY:3128" "$DEST:25" user@third.example
wait_taken 1
capture_stop
