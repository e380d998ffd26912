# shellcheck shell=bash
# servers: postfix exim
about "Spam with the null sender goes through an open relay ($MTA)."
server open
dest_exim
capture_start
mail 198.51.100.66 "" user@third.example
mail 198.51.100.66 "" user@example.net,user@example.com
wait_delivered 3
capture_stop
