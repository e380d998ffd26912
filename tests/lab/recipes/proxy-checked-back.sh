# shellcheck shell=bash
about "A mail destination checks the host that mails to it for an open proxy and asks back for itself, as some do: a service that never answers, a web server that says no. The host mails on. No proxy."
proxy_net
target_postfix
touch "$RUN/relays"
spawn px socat "TCP4-LISTEN:8080,bind=$PROXY,reuseaddr,fork" "OPEN:/dev/null"
listening px "$PROXY" 8080 "socat"
nginx_site px web "$PROXY"
capture_start
for kind in connect post socks4 socks5-early; do
	case $kind in socks*) mechanism=${kind%-early} ;; *) mechanism=http-$kind ;; esac
	for port in 8080 80; do
		probe_from "$DEST" "$PROXY:$port" "$DEST:25" "$mechanism" "$kind" -t 3 &
		in_ns px swaks -4 --server "$DEST" --local-interface "$PROXY" --helo www.example.org \
			--from web@example.org --to user@third.example >"$RUN/swaks" 2>&1 || die "swaks failed"
		wait $! || die "the probe failed"
	done
done
wait_taken 8
capture_stop
