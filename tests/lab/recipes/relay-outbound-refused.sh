# shellcheck shell=bash
# servers: postfix exim
about "An open relay accepts, but the destination refuses the recipient, and a bounce goes back ($MTA): accepted, an outbound attempt only."
server open "$(case $MTA in postfix) echo 'notify_classes =' ;; exim) echo 'bounce_return_message = true' ;; esac)"
dest_postfix
dest_refuse "user@third.example 550 5.1.1 no such user"
capture_start
mail 198.51.100.66 sales@client.example user@third.example
wait_logged 2 ': removed|Completed'
capture_stop
