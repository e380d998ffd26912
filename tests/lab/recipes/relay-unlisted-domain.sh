# shellcheck shell=bash
# servers: postfix exim
about "A backup MX for partner.example that nobody told relaywatch of ($MTA): on the wire it cannot be told from a relay; -R partner.example settles it."
server relay-for=partner.example
dest_postfix
capture_start
mail 198.51.100.7 sales@client.example user@partner.example
wait_delivered 1
capture_stop
