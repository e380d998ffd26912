# shellcheck shell=bash
about "swaks mails through open proxies by way of ncat: CONNECT through Squid, SOCKS4 and SOCKS5 through Dante."
proxy_net
squid open
dante open
target_postfix
as_client 198.51.100.66
capture_start
i=0
for way in "http-connect http 3128" "socks4 socks4 1080" "socks5 socks5 1080"; do
	read -r mechanism type port <<<"$way"
	letter "$RUN/letter" "Sales <sales@client.example>" "user$((i += 1))@third.example" "Your enquiry"
	output
	in_ns out swaks --pipe "ncat --proxy $PROXY:$port --proxy-type $type $DEST 25" --helo \
		mail.client.example --from sales@client.example --to "user$i@third.example" \
		--data "@$RUN/letter" >"$OUTPUT" 2>&1 || die "swaks failed"
	ask "$mechanism" 198.51.100.66 "$PROXY:$port" "$DEST:25" granted
done
wait_taken 3
capture_stop
