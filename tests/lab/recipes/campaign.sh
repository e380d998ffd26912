# shellcheck shell=bash
# servers: postfix exim
about "A campaign of 100 messages in four sessions goes through an open relay ($MTA); the destination puts off six of the recipients, which stay in the queue."
server open
dest_postfix
for i in 13 29 42 58 71 96; do
	echo "user$i@third.example 451 4.7.1 greylisted, try again later"
done >"$RUN/slow"
mapfile -t slow <"$RUN/slow"
dest_refuse "${slow[@]}"
capture_start
for session in 0 1 2 3; do
	{
		printf '%s\n' "<" "> EHLO mail.client.example"
		for ((i = session * 25 + 1; i <= session * 25 + 25; i++)); do
			SUBJECT="Special offer $i" transaction "news$i@client.example" "user$i@third.example"
		done
		echo "> QUIT"
	} >"$RUN/script"
	talk_from 198.51.100.66 25 <"$RUN/script"
done
wait_delivered 94 120
wait_logged 6 'status=deferred|== user'
capture_stop
