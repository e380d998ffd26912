# shellcheck shell=bash
# servers: postfix exim
about "A server that takes mail for its own domain only ($MTA): five attempts of two clients to relay are refused, two letters for a local user come in."
server closed
capture_start
mail 198.51.100.7 sales@client.example user@third.example
mail 198.51.100.7 sales@client.example user@third.example,user@other.example
mail 198.51.100.7 "" user@example.com
mail 198.51.100.9 info@example.org user@third.example
mail 198.51.100.9 sales@client.example user@example.net
mail 198.51.100.8 sales@client.example info@example.org
mail 198.51.100.8 sales@client.example alice@example.org
wait_delivered 2
capture_stop
