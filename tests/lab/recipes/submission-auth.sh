# shellcheck shell=bash
# servers: postfix exim
about "A member of the organisation sends from outside after AUTH in clear, PLAIN on 587, LOGIN on 587 and PLAIN on 25 ($MTA); the mail leaves for third parties. Benign."
server auth
dest_postfix
capture_start
login="--auth-user alice@example.org --auth-password secret"
[ "$MTA" = postfix ] || login="--auth-user alice --auth-password secret"
# shellcheck disable=SC2086
{
	mail_port 587 198.51.100.7 alice@example.org user@third.example $login --auth PLAIN
	mail_port 587 198.51.100.7 alice@example.org user@example.net $login --auth LOGIN
	mail_port 25 198.51.100.8 alice@example.org user@example.com,user@other.example $login --auth PLAIN
}
wait_delivered 4
capture_stop
