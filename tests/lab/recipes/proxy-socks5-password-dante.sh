# shellcheck shell=bash
about "A client mails through a Dante that wants user and password and has a guessed one (SOCKS5, RFC 1929); two wrong passwords before that are refused."
proxy_net
dante password
target_postfix
capture_start
for guess in 123456 password; do
	REFUSED=yes curl_mail socks5 198.51.100.66 "$PROXY:1080" "$DEST:25" user@third.example \
		--proxy-user "mallory:$guess"
done
curl_mail socks5 198.51.100.66 "$PROXY:1080" "$DEST:25" user@third.example \
	--proxy-user mallory:secret
wait_taken 1
capture_stop
