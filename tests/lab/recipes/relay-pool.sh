# shellcheck shell=bash
# servers: postfix exim
about "An open relay whose outbound mail leaves from another address, 192.0.2.26 ($MTA)."
case $MTA in
postfix) server open "smtp_bind_address = 192.0.2.26" ;;
exim) server open "transport: interface = 192.0.2.26" ;;
esac
dest_postfix
capture_start
mail 198.51.100.7 sales@client.example user@third.example
wait_delivered 1
capture_stop
