# shellcheck shell=bash
# servers: postfix exim
about "A member of the organisation sends from outside under TLS: STARTTLS on 587, implicit TLS on 465 ($MTA); the mail leaves for third parties in clear. Benign."
server auth tls
dest_postfix
user=alice
[ "$MTA" = exim ] || user=alice@example.org
capture_start
mail_port 587 198.51.100.7 alice@example.org user@third.example \
	--tls --auth PLAIN --auth-user "$user" --auth-password secret
mail_port 465 198.51.100.8 alice@example.org user@example.net,user@example.com \
	--tls-on-connect --auth PLAIN --auth-user "$user" --auth-password secret
wait_delivered 3
capture_stop
