# shellcheck shell=bash
# servers: postfix exim
about "Clients gone in the middle of a message to an open relay, by FIN, by RST and behind DATA ($MTA): the recipients were accepted, nothing leaves. The message that was whole leaves."
server open
dest_postfix
letter "$RUN/one" sales@client.example user@third.example "Never ending" 30
start() {
	printf '%s\n' "<" "> EHLO mail.client.example" "> MAIL FROM:<sales@client.example>" \
		"> RCPT TO:<$1@third.example>" "> DATA"
}
capture_start
{ start user1 && echo "part $RUN/one 3000"; } >"$RUN/script"
talk_from 198.51.100.66 25 <"$RUN/script"
{ start user2 && printf '%s\n' "part $RUN/one 4000" "wait 0.2" reset; } >"$RUN/script"
talk_from 198.51.100.66 25 <"$RUN/script"
start user3 >"$RUN/script"
talk_from 198.51.100.66 25 <"$RUN/script"
{ start user4 && printf '%s\n' "part $RUN/one 120" reset; } >"$RUN/script"
talk_from 198.51.100.66 25 <"$RUN/script"
{ start user5 && printf '%s\n' "data $RUN/one"; } >"$RUN/script"
talk_from 198.51.100.66 25 <"$RUN/script"
wait_delivered 1
capture_stop
