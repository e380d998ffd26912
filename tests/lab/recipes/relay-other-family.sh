# shellcheck shell=bash
# servers: postfix exim
about "Mail comes to an open relay over IPv4 and leaves over IPv6 ($MTA)."
server open
dest_postfix
capture_start
mail 198.51.100.66 sales@client.example user@six.example
wait_delivered 1
capture_stop
