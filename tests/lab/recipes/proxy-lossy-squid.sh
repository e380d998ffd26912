# shellcheck shell=bash
about "Mail through an open Squid over a bad line: one TCP frame in a hundred is lost, some are overtaken."
line_up -l 1 -r 4 -h 20 -s 5
proxy_net
squid open
target_postfix
capture_start
for i in 1 2 3; do
	PARAGRAPHS=80 curl_mail http-connect 198.51.100.66 "$PROXY:3128" "$DEST:25" "user$i@third.example"
done
wait_taken 3 60
capture_stop
