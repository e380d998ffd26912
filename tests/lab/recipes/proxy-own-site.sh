# shellcheck shell=bash
about "Requests to our own web site by absolute URI, with its name and its address. Benign."
proxy_net
nginx_site px web "$WEB"
capture_start
for host in www.example.org "$WEB"; do
	HEARD_AS=page curl_web http-get 198.51.100.7 "$WEB:80" "http://$host/"
done
capture_stop
