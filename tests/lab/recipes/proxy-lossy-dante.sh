# shellcheck shell=bash
about "Mail by SOCKS4 and SOCKS5 through an open Dante over a bad line: one TCP frame in a hundred is lost, some are overtaken."
line_up -l 1 -r 4 -h 20 -s 11
proxy_net
dante open
target_postfix
capture_start
for mechanism in socks4 socks5 socks5-name; do
	target=$DEST
	[ $mechanism != socks5-name ] || target=mx.example.com
	PARAGRAPHS=80 curl_mail $mechanism 198.51.100.66 "$PROXY:1080" "$target:25" user@third.example
done
wait_taken 3 60
capture_stop
