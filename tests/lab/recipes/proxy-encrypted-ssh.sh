# shellcheck shell=bash
about "An outsider with an account on our ssh server mails through a local forward (-L): six messages in one session, then two sessions of one, all inside one ssh connection."
proxy_net
target_postfix
sshd_at px "$PROXY" 22 "LogLevel DEBUG2"
capture_start
as_client 198.51.100.66
ssh_from out "$RUN/ssh/client.log" -L "198.51.100.66:2526:$DEST:25" "root@$PROXY"
listening out 198.51.100.66 2526 "the local forward"
for n in 6 1 1; do
	session_script $n >"$RUN/script"
	output
	in_ns out "$LAB_DIR/talk" 198.51.100.66 198.51.100.66 2526 <"$RUN/script" >"$OUTPUT" ||
		die "the conversation failed"
	ask encrypted 198.51.100.66 "$PROXY:22" "$DEST:25" granted
done
wait_taken 8
ssh_end
capture_stop
