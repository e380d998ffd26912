# shellcheck shell=bash
# servers: postfix exim
about "One letter to the local list team@example.org leaves for five outside members ($MTA; Exim puts the list's owner in as sender). Benign."
members=ann@example.net,bob@third.example,cid@example.com,dan@other.example,eve@example.com
if [ "$MTA" = exim ]; then
	server "router: list:" "router: driver = redirect" "router: local_parts = team" \
		"router: domains = example.org" "router: data = $members" \
		"router: errors_to = team-owner@example.org" "acl: accept local_parts = team-owner"
else
	server alias=team@example.org:$members
fi
dest_exim
capture_start
mail 198.51.100.7 member@client.example team@example.org
wait_delivered 5
capture_stop
