# shellcheck shell=bash
about "A load balancer (HAProxy in TCP mode) in front of our own mail server, seen on the inside too: outside clients mail to our users. Benign."
MTA=postfix
proxy_net
server closed
haproxy "$BALANCER:25" "$SERVER:25"
capture_inside
curl_mail tcp-forward 198.51.100.7 "$BALANCER:25" "$SERVER:25" info@example.org
curl_mail tcp-forward 198.51.100.8 "$BALANCER:25" "$SERVER:25" alice@example.org
wait_delivered 2
capture_stop
