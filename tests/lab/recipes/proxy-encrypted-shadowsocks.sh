# shellcheck shell=bash
about "A shadowsocks server on a host of ours: six messages in one session, all inside one connection without any handshake to be recognised."
proxy_net
target_postfix
mkdir "$RUN/shadowsocks"
spawn px ss-server -v -s "$PROXY" -p 8388 -k secret -m aes-256-gcm >"$RUN/shadowsocks/log" 2>&1
listening px "$PROXY" 8388 "ss-server"
spawn out ss-tunnel -s "$PROXY" -p 8388 -k secret -m aes-256-gcm -b 198.51.100.66 -l 2526 \
	-L "$DEST:25" >"$RUN/asked/ss-tunnel" 2>&1
listening out 198.51.100.66 2526 "ss-tunnel"
as_client 198.51.100.66
capture_start
session_script 6 >"$RUN/script"
output
in_ns out "$LAB_DIR/talk" 198.51.100.66 198.51.100.66 2526 <"$RUN/script" >"$OUTPUT" ||
	die "the conversation failed"
ask encrypted 198.51.100.66 "$PROXY:8388" "$DEST:25" granted
wait_taken 6
capture_stop
