# shellcheck shell=bash
about "Probes in the style of libopm find open proxies: CONNECT as HTTP/1.0, POST and PUT to Squid, SOCKS4 and SOCKS5 (greeting and request at once) to Dante; each waits for the banner and says QUIT, no mail. microsocks loses the early request: it answers the greeting only."
proxy_net
squid open
dante open
microsocks
target_postfix
capture_start
probe_from 198.51.100.66 "$PROXY:3128" "$DEST:25" http-connect connect -q
probe_from 198.51.100.66 "$PROXY:3128" "$DEST:25" http-post post
probe_from 198.51.100.66 "$PROXY:3128" "$DEST:25" http-post put
probe_from 198.51.100.66 "$PROXY:1080" "$DEST:25" socks4 socks4 -q
probe_from 198.51.100.66 "$PROXY:1080" "$DEST:25" socks5 socks5-early -q
probe_from 198.51.100.66 "$PROXY2:1080" "$DEST:25" socks5 socks5-early -q
capture_stop
