# shellcheck shell=bash
about "A proxy behind TLS: HAProxy of ours ends TLS and hands on to an open Squid; six messages in one session, all inside one TLS connection."
proxy_net
target_postfix
squid open
certificate "$RUN"
cat "$RUN/cert.pem" "$RUN/key.pem" >"$RUN/both.pem"
haproxy "$PROXY:8443 ssl crt $RUN/both.pem" "$PROXY:3128"
spawn out socat "TCP4-LISTEN:3129,bind=198.51.100.66,reuseaddr" \
	"OPENSSL:$PROXY:8443,bind=198.51.100.66,verify=0"
listening out 198.51.100.66 3129 "the client's end of TLS"
capture_start
session_script 6 >"$RUN/script"
output
chained http 198.51.100.66:3129 -- "$LAB_DIR/talk" 0.0.0.0 "$DEST" 25 <"$RUN/script" >"$OUTPUT" ||
	die "the conversation failed"
ask encrypted 198.51.100.66 "$PROXY:8443" "$PROXY:3128>$DEST:25" granted
wait_taken 6
capture_stop
