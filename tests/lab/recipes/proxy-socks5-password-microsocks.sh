# shellcheck shell=bash
about "A client mails through a microsocks that wants user and password and has a guessed one (SOCKS5, RFC 1929); a client without any finds no method, one with the wrong password is refused."
proxy_net
microsocks -u admin -P admin
target_postfix
capture_start
REFUSED=yes curl_mail socks5 198.51.100.66 "$PROXY2:1080" "$DEST:25" user@third.example
REFUSED=yes curl_mail socks5 198.51.100.66 "$PROXY2:1080" "$DEST:25" user@third.example \
	--proxy-user admin:123456
curl_mail socks5 198.51.100.66 "$PROXY2:1080" "$DEST:25" user@third.example --proxy-user admin:admin
wait_taken 1
capture_stop
