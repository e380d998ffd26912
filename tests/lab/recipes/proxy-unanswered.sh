# shellcheck shell=bash
about "Probes without an answer: a service that reads and never says a word; closed and filtered ports get no request at all."
proxy_net
spawn px socat "TCP4-LISTEN:8080,bind=$PROXY,reuseaddr,fork" "OPEN:/dev/null"
listening px "$PROXY" 8080 "socat"
ip netns exec "$LAB-px" iptables -A INPUT -p tcp --dport 9050 -j DROP
capture_start
probe_from 198.51.100.66 "$PROXY:8080" "$DEST:25" http-connect connect -t 2
probe_from 198.51.100.66 "$PROXY:8080" "$DEST:25" socks4 socks4 -t 2
probe_from 198.51.100.66 "$PROXY:8080" "$DEST:25" socks5 socks5-early -t 2
probe_from 198.51.100.66 "$PROXY:8080" "$DEST_WEB:443" http-connect connect -t 2
probe_from 198.51.100.66 "$PROXY:3128" "$DEST:25" http-connect connect -n 3
probe_from 198.51.100.66 "$PROXY:9050" "$DEST:25" socks5 socks5-early -t 2
capture_stop
