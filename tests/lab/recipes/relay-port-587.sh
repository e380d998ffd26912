# shellcheck shell=bash
about "A submission service on 587 that relays without AUTH (Exim)."
MTA=exim
server open auth
dest_postfix
capture_start
mail_port 587 198.51.100.66 sales@client.example user@third.example
wait_delivered 1
capture_stop
