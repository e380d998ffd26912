# shellcheck shell=bash
# servers: postfix exim
about "A server behind NAT sees every client as the inside router and so relays for all, though its own configuration trusts the inside only ($MTA). Captured outside the NAT."
nat_server
server closed
dest_postfix
capture_start
mail 198.51.100.66 sales@client.example user@third.example
mail 198.51.100.7 friend@client.example info@example.org
wait_delivered 2
capture_stop
