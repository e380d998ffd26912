# shellcheck shell=bash
about "An ordinary web server (nginx) under a scan: it answers CONNECT, POST and PUT with 405, SOCKS with 400, and GET and HEAD of a foreign site with its own page. No proxy."
proxy_net
nginx_site px web "$WEB"
capture_start
for target in "$DEST:25" "$DEST_WEB:80"; do
	probe_from 198.51.100.66 "$WEB:80" "$target" http-connect connect
	probe_from 198.51.100.66 "$WEB:80" "$target" http-post post
	probe_from 198.51.100.66 "$WEB:80" "$target" http-post put
	probe_from 198.51.100.66 "$WEB:80" "$target" http-get get
	probe_from 198.51.100.66 "$WEB:80" "$target" http-get head
	probe_from 198.51.100.66 "$WEB:80" "$target" socks4 socks4
	probe_from 198.51.100.66 "$WEB:80" "$target" socks5 socks5-early
done
capture_stop
