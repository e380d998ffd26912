# shellcheck shell=bash
about "An inside host runs ssh with a dynamic forward (-D) that listens for everybody: SOCKS4a, SOCKS5 with an address and with a name are granted, one message each."
proxy_net
target_postfix
sshd_at px "$PROXY" 22
ssh_from px "$RUN/ssh/log" -D "$PROXY:1080" "root@$PROXY"
listening px "$PROXY" 1080 "the dynamic forward"
capture_start
curl_mail socks4a 198.51.100.66 "$PROXY:1080" mx.example.com:25 user1@third.example
curl_mail socks5 198.51.100.66 "$PROXY:1080" "$DEST:25" user2@third.example
curl_mail socks5-name 198.51.100.66 "$PROXY:1080" mx.example.com:25 user3@third.example
wait_taken 3
capture_stop
