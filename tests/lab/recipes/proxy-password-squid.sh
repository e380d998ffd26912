# shellcheck shell=bash
about "A Squid that wants a password (407): a wrong one is refused; then a client asks without any, is told 407, asks again with the right one on the same connection and mails."
proxy_net
mkdir "$RUN/users"
echo "mallory:$(openssl passwd -apr1 secret)" >"$RUN/users/passwords"
squid open "auth_param basic program /usr/lib/squid/basic_ncsa_auth $RUN/users/passwords" \
	"auth_param basic realm proxy" "acl known proxy_auth REQUIRED" "http_access deny !known"
target_postfix
capture_start
REFUSED=yes curl_mail http-connect 198.51.100.66 "$PROXY:3128" "$DEST:25" user@third.example \
	--proxy-user mallory:123456
curl_mail http-connect 198.51.100.66 "$PROXY:3128" "$DEST:25" user@third.example \
	--proxy-user mallory:secret --proxy-anyauth
wait_taken 1
capture_stop
