# shellcheck shell=bash
# servers: postfix exim
about "An open relay reached over IPv6; one message leaves over IPv6, one over IPv4 ($MTA)."
server open
dest_exim
capture_start
mail 2001:db8:2::7 sales@client.example user@six.example
mail 2001:db8:2::7 sales@client.example user@third.example
wait_delivered 2
capture_stop
