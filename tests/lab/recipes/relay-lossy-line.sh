# shellcheck shell=bash
# servers: postfix exim
about "An open relay at the end of a bad line: one TCP frame in twenty is lost, one in ten overtaken ($MTA). What the line lost on its way in is seen once, on its way out twice."
line_up -l 5 -r 10 -h 20 -s 7
server open
dest_postfix
capture_start
for i in 1 2 3; do
	PARAGRAPHS=60 mail 198.51.100.66 sales@client.example "user$i@third.example"
done
wait_delivered 3 90
capture_stop
