# shellcheck shell=bash
# servers: postfix exim
about "An open relay addressed with the destination's address literal instead of a domain ($MTA)."
case $MTA in
postfix) server open ;;
exim) server open "allow_domain_literals = true" "router: literal:" "router: driver = ipliteral" \
	"router: domains = ! +local_domains" "router: transport = remote" ;;
esac
dest_postfix
capture_start
mail 198.51.100.66 sales@client.example "user@[203.0.113.25]"
wait_delivered 1
capture_stop
