# shellcheck shell=bash
# servers: postfix exim
about "A closed server takes a message for its local recipient and refuses the two outside ones of the same transaction ($MTA)."
server closed
capture_start
mail 198.51.100.7 sales@client.example user@third.example,info@example.org,user@example.net
wait_delivered 1
capture_stop
