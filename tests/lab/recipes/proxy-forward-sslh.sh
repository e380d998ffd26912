# shellcheck shell=bash
about "sslh shares port 443 of a host of ours: who waits a second for the banner is handed to an outside mail server; the second leg begins a second after the first."
proxy_net
target_postfix
sslh_to "$DEST:25"
capture_start
curl_mail tcp-forward 198.51.100.66 "$PROXY:443" "$DEST:25" user@third.example
wait_taken 1
capture_stop
