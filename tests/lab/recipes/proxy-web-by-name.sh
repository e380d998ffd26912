# shellcheck shell=bash
about "Open web proxies (Squid, tinyproxy, and an nginx that fetches whatever it is asked for) fetch pages of an outside site for outside clients, by name."
proxy_net
squid open
tinyproxy
# shellcheck disable=SC2016
nginx_passing fetching "$WEB" '$host$request_uri'
nginx_site out site "$DEST_WEB"
capture_start
curl_web http-get 198.51.100.66 "$PROXY:3128" "http://www.third.example/"
curl_web http-get 198.51.100.66 "$PROXY:3128" "http://WWW.third.example/"
curl_web http-get 198.51.100.66 "$PROXY2:8888" "http://www.third.example/"
curl_web http-get 198.51.100.7 "$WEB:80" "http://www.third.example/"
capture_stop
