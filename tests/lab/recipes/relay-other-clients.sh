# shellcheck shell=bash
about "Four mail programs use an open relay (Postfix), each in its own way: msmtp, curl, nullmailer and Python's smtplib."
MTA=postfix
unpacked nullmailer
server open "debug_peer_list = 198.51.100.0/24"
dest_postfix
letter "$RUN/one" sales@client.example user@third.example "Our offer"
capture_start
in_ns out msmtp --host="$SERVER" --source-ip=198.51.100.7 --domain=mail.client.example --tls=off \
	--auth=off --from=sales@client.example user1@third.example user2@third.example <"$RUN/one"
in_ns out curl -sS --interface 198.51.100.8 "smtp://$SERVER/mail.client.example" \
	--mail-from sales@client.example --mail-rcpt user3@third.example --mail-rcpt info@example.org \
	--upload-file "$RUN/one"
{ printf '%s\n' sales@client.example user4@third.example "" && cat "$RUN/one"; } >"$RUN/queued"
in_ns out env HELOHOST=mail.client.example "$UNPACKED/usr/lib/nullmailer/smtp" \
	--source=198.51.100.9 --host="$SERVER" 3<"$RUN/queued" </dev/null >"$RUN/nullmailer.log" 2>&1
in_ns out /usr/bin/python3 - "$SERVER" "$RUN/one" <<'PYTHON'
import smtplib, sys
with smtplib.SMTP(sys.argv[1], source_address=("198.51.100.66", 0)) as server:
    server.sendmail("sales@client.example", ["user5@third.example", "user6@third.example"],
                    open(sys.argv[2]).read())
PYTHON
wait_delivered 7
capture_stop
for client in 198.51.100.7 198.51.100.8 198.51.100.9 198.51.100.66; do
	server_transcript "$client"
done
