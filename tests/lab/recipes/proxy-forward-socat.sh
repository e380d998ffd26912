# shellcheck shell=bash
about "A host of ours forwards its port 2525 byte for byte to an outside mail server (socat); an outside client mails through it, twice."
proxy_net
target_postfix
socat_forward "$PROXY:2525" "$DEST:25"
capture_start
curl_mail tcp-forward 198.51.100.66 "$PROXY:2525" "$DEST:25" user1@third.example
curl_mail tcp-forward 198.51.100.66 "$PROXY:2525" "$DEST:25" user2@third.example
wait_taken 2
capture_stop
