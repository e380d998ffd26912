# shellcheck shell=bash
about "An ordinary web server (Apache) under a scan: it answers CONNECT and PUT with 405, and POST, GET and HEAD of a foreign site with its own page. No proxy."
proxy_net
apache web
capture_start
for target in "$DEST:25" "$DEST_WEB:80"; do
	probe_from 198.51.100.66 "$PROXY2:8080" "$target" http-connect connect
	probe_from 198.51.100.66 "$PROXY2:8080" "$target" http-post post
	probe_from 198.51.100.66 "$PROXY2:8080" "$target" http-post put
	probe_from 198.51.100.66 "$PROXY2:8080" "$target" http-get get
	probe_from 198.51.100.66 "$PROXY2:8080" "$target" http-get head
done
capture_stop
