# shellcheck shell=bash
# servers: postfix exim
about "An open relay's message is put off by the destination at first and leaves half a minute later ($MTA)."
EXIM_QUEUE_RUN=5s EXIM_RETRY=30s
case $MTA in
postfix) server open "minimal_backoff_time = 30s" "queue_run_delay = 5s" ;;
exim) server open ;;
esac
dest_postfix
dest_refuse "user@third.example 451 4.7.1 greylisted, try again later"
capture_start
mail 198.51.100.7 sales@client.example user@third.example
wait_logged 1 'status=deferred|== user'
dest_refuse
wait_delivered 1 90
capture_stop
