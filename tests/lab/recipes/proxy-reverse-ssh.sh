# shellcheck shell=bash
about "An inside host dials out by ssh with a remote forward (-R); the spammer's mail comes in through that connection and leaves for an outside mail server: six messages in one session, then two sessions of one."
proxy_net
target_postfix
net out addr add 198.51.100.22/32 dev lo 2>/dev/null || true
sshd_at out 198.51.100.22 22 "GatewayPorts clientspecified"
capture_start
ssh_from px "$RUN/ssh/log" -R "198.51.100.22:2526:$DEST:25" root@198.51.100.22
listening out 198.51.100.22 2526 "the remote forward"
for n in 6 1 1; do
	session_script $n >"$RUN/script"
	output
	in_ns out "$LAB_DIR/talk" 198.51.100.66 198.51.100.22 2526 <"$RUN/script" >"$OUTPUT" ||
		die "the conversation failed"
	ask reverse 198.51.100.22 "$PROXY:0" "$DEST:25" granted
done
wait_taken 8
ssh_end
capture_stop
