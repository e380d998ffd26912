# shellcheck shell=bash
about "An open relay (Exim with cutthrough delivery) that opens the outbound session at RCPT and passes the message on before it answers its client."
MTA=exim
server open "acl: warn control = cutthrough_delivery"
dest_postfix
capture_start
mail 198.51.100.66 sales@client.example user@third.example
wait_logged 1 '>> user'
capture_stop
