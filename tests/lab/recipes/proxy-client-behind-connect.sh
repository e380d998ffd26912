# shellcheck shell=bash
about "A client far away mails to our users through an outside open Squid (CONNECT): the handshake is answered from nearby, each command 120 ms later than that; no HTTP is seen. The gap alone is a suspicion."
MTA=postfix
proxy_net
squid_at out "$OUTSIDE_PROXY" open
server closed
far_client 60
as_client "$OUTSIDE_PROXY"
capture_start
for i in 1 2; do
	letter "$RUN/letter" "Sales <sales@client.example>" info@example.org "Your enquiry"
	in_ns far curl -sS --max-time 30 --proxytunnel -x "http://$OUTSIDE_PROXY:3128" \
		"smtp://$SERVER/mail.client.example" --mail-from sales@client.example \
		--mail-rcpt info@example.org -T "$RUN/letter" --crlf || die "curl failed"
	ask http-connect 198.51.100.200 "$OUTSIDE_PROXY:3128" "$SERVER:25" granted
done
wait_delivered 2
capture_stop
