# shellcheck shell=bash
about "A chain of two proxies of the organisation: CONNECT through Squid to microsocks on another host, then SOCKS5 to the outside mail server, one message. The hop between them is not at the border."
proxy_net
squid open
microsocks
target_postfix
as_client 198.51.100.66
capture_start
{
	printf '%s\n' "<" "> EHLO mail.client.example"
	transaction sales@client.example user@third.example
	echo "> QUIT"
} >"$RUN/script"
output
chained http "$PROXY:3128" socks5 "$PROXY2:1080" -- "$LAB_DIR/talk" 0.0.0.0 "$DEST" 25 \
	<"$RUN/script" >"$OUTPUT" || die "the conversation failed"
ask http-connect 198.51.100.66 "$PROXY:3128" "$PROXY2:1080>$DEST:25" granted
wait_taken 1
capture_stop
