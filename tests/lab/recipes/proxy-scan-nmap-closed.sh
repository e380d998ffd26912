# shellcheck shell=bash
about "nmap's scripts http-open-proxy and socks-open-proxy against Squid as shipped and Dante with rules that refuse."
proxy_net
squid default
dante refusing
as_client 198.51.100.66
capture_start
in_ns out nmap --dns-servers 203.0.113.53 -Pn -sT -p 3128 --script http-open-proxy --script-args \
	"proxy.url=http://mx.example.com/,proxy.pattern=Welcome" "$PROXY" >"$RUN/asked/nmap" || die "nmap failed"
in_ns out nmap --dns-servers 203.0.113.53 -Pn -sT -p 1080 --script socks-open-proxy --script-args \
	"proxy.url=http://mx.example.com/,proxy.pattern=Welcome" "$PROXY" >>"$RUN/asked/nmap" || die "nmap failed"
capture_stop
touch "$RUN/ask-the-log"
