# shellcheck shell=bash
about "A local user's vacation notice (Exim's autoreply) answers a letter from outside. Benign."
MTA=exim
server closed "router: away:" "router: driver = accept" "router: local_parts = alice" \
	"router: unseen" "router: transport = away" \
	"transport: away:" "transport: driver = autoreply" "transport: to = \$sender_address" \
	"transport: subject = Re: \$h_subject:" "transport: text = I am on holiday." \
	"transport: user = Debian-exim"
dest_postfix
capture_start
mail 198.51.100.7 friend@client.example alice@example.org
wait_delivered 3
capture_stop
