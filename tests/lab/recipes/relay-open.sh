# shellcheck shell=bash
# servers: postfix exim
about "An outside client sends one message for third.example through a server that relays for all ($MTA); it leaves for third.example's server."
server open
dest_postfix
capture_start
mail 198.51.100.7 sales@client.example user@third.example
wait_delivered 1
capture_stop
