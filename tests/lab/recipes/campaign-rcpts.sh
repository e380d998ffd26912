# shellcheck shell=bash
# servers: postfix exim
about "Four messages of 25 recipients each, in three foreign domains and for one local user, go through an open relay ($MTA); a few recipients stay in the queue."
server open
dest_postfix
dest_refuse "user3@third.example 451 4.7.1 greylisted" "user8@example.com 452 4.2.2 mailbox full"
capture_start
for n in 1 2 3 4; do
	to=info@example.org
	for i in 1 2 3 4 5 6 7 8; do
		to+=,user$i@third.example,user$i@example.com,user$i@example.net
	done
	SUBJECT="Price list $n" mail 198.51.100.66 sales@client.example "$to"
done
wait_delivered 92 60
wait_logged 8 'status=deferred|== user'
capture_stop
