# shellcheck shell=bash
about "Privoxy, open to all: an outside client mails through CONNECT, by address and by name; another fetches a page."
proxy_net
privoxy
target_postfix
nginx_site out site "$DEST_WEB"
capture_start
curl_mail http-connect 198.51.100.66 "$PROXY2:8118" "$DEST:25" user@third.example
curl_mail http-connect 198.51.100.66 "$PROXY2:8118" mx.example.com:25 user@third.example
curl_web http-get 198.51.100.7 "$PROXY2:8118" "http://$DEST_WEB/"
wait_taken 2
capture_stop
