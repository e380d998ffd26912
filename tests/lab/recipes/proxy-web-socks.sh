# shellcheck shell=bash
about "Open SOCKS proxies (Dante, microsocks) used for the web only, by two outside clients."
proxy_net
dante open
microsocks
nginx_site out site "$DEST_WEB" tls
capture_start
curl_web socks4 198.51.100.66 "$PROXY:1080" "http://$DEST_WEB/"
curl_web socks5 198.51.100.66 "$PROXY:1080" "https://$DEST_WEB/"
curl_web socks5 198.51.100.7 "$PROXY2:1080" "http://$DEST_WEB/"
capture_stop
