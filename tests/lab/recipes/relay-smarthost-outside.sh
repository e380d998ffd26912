# shellcheck shell=bash
# servers: postfix exim
about "An open relay whose mail leaves through the provider's smarthost, 203.0.113.26 port 587, with AUTH in clear ($MTA): the login is the server's, not the spammer's."
mkdir "$RUN/dest"
lines=()
postfix_auth "$RUN/dest"
case $MTA in
postfix)
	echo '[203.0.113.26]:587 alice@example.org:secret' >"$RUN/password"
	server open "relayhost = [203.0.113.26]:587" "smtp_sasl_auth_enable = yes" \
		"smtp_sasl_password_maps = texthash:$RUN/password" "smtp_sasl_security_options ="
	;;
exim)
	server open "router: smarthost:" "router:   driver = manualroute" \
		"router:   domains = ! +local_domains" \
		"router:   route_list = * 203.0.113.26::587" "router:   transport = remote" \
		"transport: hosts_require_auth = *" "authenticator: client:" \
		"authenticator:   driver = plaintext" "authenticator:   public_name = PLAIN" \
		'authenticator:   client_send = ^alice@example.org^secret'
	;;
esac
dest_postfix "${lines[@]}"
capture_start
mail 198.51.100.66 sales@client.example user@third.example
mail 198.51.100.66 sales@client.example user@example.net,info@example.org
wait_delivered 3
capture_stop
