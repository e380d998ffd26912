# shellcheck shell=bash
about "Not a tunnel: while a host of ours mails six times to an outside server, an outside administrator works on it by ssh (keystrokes, then a copy), and it copies a file to an outside ssh server. Benign."
proxy_net
target_postfix
sshd_at px "$PROXY" 22
sshd_at out 198.51.100.22 22
options=(-q -F /dev/null -i "$RUN/ssh/key" -o BatchMode=yes -o StrictHostKeyChecking=no
	-o UserKnownHostsFile=/dev/null)
capture_start
as_client 198.51.100.66
(for ((i = 0; i < 90; i++)); do echo "echo keystroke $i"; sleep 0.05; done; echo exit) |
	in_ns out ssh -tt "${options[@]}" "root@$PROXY" "sh -i" >"$RUN/asked/keys" 2>&1 &
keys=$!
head -c 40000 /dev/urandom | in_ns px ssh "${options[@]}" root@198.51.100.22 "cat >/dev/null" &
copy=$!
for i in 1 2 3 4 5 6; do
	letter "$RUN/letter" "Alice <alice@example.org>" "user$i@third.example" "Report $i"
	in_ns px curl -sS --max-time 30 "smtp://$DEST/mail.example.org" --mail-from alice@example.org \
		--mail-rcpt "user$i@third.example" -T "$RUN/letter" --crlf || die "curl failed"
done
wait $keys $copy
touch "$RUN/relays"
wait_taken 6
capture_stop
