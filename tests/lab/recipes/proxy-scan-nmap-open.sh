# shellcheck shell=bash
about "nmap's scripts http-open-proxy and socks-open-proxy against an open Squid and an open Dante, with an outside web server as the site to be fetched."
proxy_net
squid open
dante open
nginx_site out site "$DEST"
common=(--dns-servers 203.0.113.53 -Pn -sT --script-args
	"proxy.url=http://mx.example.com/,proxy.pattern=Welcome")
as_client 198.51.100.66
capture_start
in_ns out nmap "${common[@]}" -p 3128 --script http-open-proxy \
	"$PROXY" >"$RUN/asked/nmap" || die "nmap failed"
in_ns out nmap "${common[@]}" -p 1080 --script socks-open-proxy \
	"$PROXY" >>"$RUN/asked/nmap" || die "nmap failed"
capture_stop
touch "$RUN/ask-the-log"
