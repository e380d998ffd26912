# shellcheck shell=bash
about "An open Squid and an open Dante used for the web (TLS by CONNECT, a page by SOCKS5), whose connections leave by another line: only the clients' legs are seen."
proxy_net
squid open
dante open
nginx_site out site "$DEST_WEB" tls
capture_start
curl_web http-connect 198.51.100.66 "$PROXY:3128" "https://$DEST_WEB/"
curl_web socks5 198.51.100.66 "$PROXY:1080" "http://$DEST_WEB/"
capture_stop
one_leg_only
