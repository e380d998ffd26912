# shellcheck shell=bash
# servers: postfix exim
about "A server that accepts mail for all domains and throws it away, as spam traps do ($MTA): accepted, never seen leaving."
case $MTA in
postfix) server open "default_transport = discard:" ;;
exim) server open "router: trap:" "router: driver = redirect" \
	"router: domains = ! +local_domains" "router: data = :blackhole:" ;;
esac
capture_start
mail 198.51.100.66 sales@client.example user@third.example
mail 198.51.100.66 sales@client.example user@example.net,user@example.com
wait_delivered 3
capture_stop
