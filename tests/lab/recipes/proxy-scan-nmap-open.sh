# shellcheck shell=bash
about "nmap's scripts http-open-proxy and socks-open-proxy against an open Squid and an open Dante, with an outside web server as the site to be fetched."
proxy_net
squid open
dante open
nginx_site out site $DEST_WEB
as_client 198.51.100.66
capture_start
in_ns out nmap -n -Pn -sT -p 3128 --script http-open-proxy --script-args \
	"proxy.url=http://$DEST_WEB/,proxy.pattern=Welcome" $PROXY >"$RUN/asked/nmap" || die "nmap failed"
in_ns out nmap -n -Pn -sT -p 1080 --script socks-open-proxy --script-args \
	"proxy.url=http://$DEST_WEB/,proxy.pattern=Welcome" $PROXY >>"$RUN/asked/nmap" || die "nmap failed"
capture_stop
touch "$RUN/ask-the-log"
