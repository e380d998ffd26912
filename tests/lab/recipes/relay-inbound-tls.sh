# shellcheck shell=bash
# servers: postfix exim
about "An open relay that is used under STARTTLS while its own mail leaves in clear ($MTA): only the trace header of what leaves tells of it."
server open tls
case $MTA in
exim) dest_exim ;;
postfix) dest_postfix ;;
esac
capture_start
mail 198.51.100.66 sales@client.example user@third.example --tls
mail 198.51.100.66 sales@client.example user@example.net,user@example.com --tls
mail 198.51.100.7 friend@client.example info@example.org --tls
wait_delivered 4
capture_stop
