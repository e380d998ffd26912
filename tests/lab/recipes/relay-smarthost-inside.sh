# shellcheck shell=bash
# servers: postfix exim
about "An open relay that hands all it has to a smarthost inside, 192.0.2.26, which sends it on from there ($MTA)."
case $MTA in
postfix) server open "relayhost = [192.0.2.26]" ;;
exim) server open "router: smarthost:" "router:   driver = manualroute" \
	"router:   domains = ! +local_domains" "router:   route_list = * 192.0.2.26" \
	"router:   self = send" "router:   transport = remote" ;;
esac
postfix_start hub in "myhostname = hub.example.org" "myorigin = example.org" \
	"mydestination =" "inet_interfaces = 192.0.2.26" "mynetworks = 192.0.2.0/24"
wait_for 20 "the smarthost" port_open in 192.0.2.26 25
dest_postfix
capture_start
mail 198.51.100.66 sales@client.example user@third.example
mail 198.51.100.66 sales@client.example user@example.net,info@example.org
wait_for 30 "the smarthost's mail" sh -c "[ \$(grep -c status=sent $RUN/hub/log) -ge 2 ]"
capture_stop
