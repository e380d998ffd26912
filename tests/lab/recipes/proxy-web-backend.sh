# shellcheck shell=bash
about "A web server (nginx) whose pages come from a server outside, under a scan: to GET, HEAD and POST of foreign sites by name it answers with that page. No proxy."
proxy_net
nginx_passing web "$WEB" "$DEST_WEB"
nginx_site out site "$DEST_WEB"
capture_start
for target in www.third.example:80 www.elsewhere.example:80; do
	probe_from 198.51.100.66 "$WEB:80" "$target" http-get get
	probe_from 198.51.100.66 "$WEB:80" "$target" http-get head
	probe_from 198.51.100.66 "$WEB:80" "$target" http-post post
done
capture_stop
