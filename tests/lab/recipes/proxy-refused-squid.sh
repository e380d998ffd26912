# shellcheck shell=bash
about "Squid as shipped refuses outsiders CONNECT to port 25 (403, its own page) and anything else; nothing leaves."
proxy_net
squid default
capture_start
REFUSED=yes curl_mail http-connect 198.51.100.66 "$PROXY:3128" "$DEST:25" user@third.example
probe_from 198.51.100.66 "$PROXY:3128" "$DEST:25" http-connect connect
probe_from 198.51.100.66 "$PROXY:3128" "$DEST:25" http-post post
capture_stop
