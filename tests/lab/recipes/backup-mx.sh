# shellcheck shell=bash
# servers: postfix exim
about "The server is the backup MX of partner.example and passes its mail on to the first MX ($MTA). Benign with -R."
options -R partner.example
server relay-for=partner.example
dest_postfix
capture_start
mail 198.51.100.7 sales@client.example user@partner.example
mail 198.51.100.8 friend@client.example info@partner.example,user@partner.example
mail 198.51.100.8 friend@client.example alice@example.org
wait_delivered 4
capture_stop
