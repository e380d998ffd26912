# shellcheck shell=bash
about "A mail server receives and sends at the same time: outside clients mail to our users while our users mail outside. Benign."
MTA=postfix
proxy_net
server closed
dest_postfix
TRUTH=truth
capture_start
for i in 1 2 3; do
	letter "$RUN/out$i" "Alice <alice@example.org>" "user$i@third.example" "Report $i"
	in_ns in curl -sS --max-time 30 --interface "$USER_HOST" "smtp://$SERVER/desk.example.org" \
		--mail-from alice@example.org --mail-rcpt "user$i@third.example" -T "$RUN/out$i" --crlf &
	mail 198.51.100.7 friend@client.example info@example.org
	wait $! || die "curl failed"
done
wait_delivered 6
capture_stop
