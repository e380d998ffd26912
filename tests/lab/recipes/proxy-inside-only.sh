# shellcheck shell=bash
about "CONNECT within the inside: an inside user mails through the organisation's Squid to its own mail server; a span port that sees the inside. Benign."
MTA=postfix
proxy_net
squid open
server closed
capture_inside
CLIENT_NS=in curl_mail http-connect "$USER_HOST" "$PROXY:3128" "$SERVER:25" info@example.org
wait_delivered 1
capture_stop
