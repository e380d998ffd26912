# shellcheck shell=bash
about "An open Squid used for the web only: an outside client fetches pages of an outside site, by GET and by CONNECT to port 443."
proxy_net
squid open
nginx_site out site "$DEST_WEB" tls
capture_start
curl_web http-get 198.51.100.66 "$PROXY:3128" "http://$DEST_WEB/"
curl_web http-get 198.51.100.66 "$PROXY:3128" "http://$DEST_WEB/"
curl_web http-connect 198.51.100.66 "$PROXY:3128" "https://$DEST_WEB/"
capture_stop
