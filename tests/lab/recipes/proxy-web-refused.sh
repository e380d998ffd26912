# shellcheck shell=bash
about "Attempts not to mail ports, all refused: Squid as shipped (403 to GET and CONNECT), Dante's rules."
proxy_net
squid default
dante refusing
capture_start
probe_from 198.51.100.66 "$PROXY:3128" "$DEST_WEB:80" http-get get
probe_from 198.51.100.66 "$PROXY:3128" "$DEST_WEB:443" http-connect connect
probe_from 198.51.100.66 "$PROXY:1080" "$DEST_WEB:80" socks4 socks4
probe_from 198.51.100.66 "$PROXY:1080" "$DEST_WEB:6667" socks5 socks5-early
capture_stop
