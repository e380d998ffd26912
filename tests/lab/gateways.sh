# shellcheck shell=bash
# Further proxies and forwarders of the organisation, beyond those the analyzers were written
# with: Apache, Privoxy, sslh, 6tunnel.

# apache open|web: mod_proxy for ports 25 and 443, or a web server that is no proxy; on $PROXY2.
apache() {
	local dir=$RUN/apache-$1 module
	mkdir -p "$dir/html"
	echo "<html><body><h1>It works</h1></body></html>" >"$dir/html/index.html"
	chmod -R a+rX "$dir"
	{
		for module in mpm_event authz_core dir mime proxy proxy_http proxy_connect; do
			echo "LoadModule ${module}_module /usr/lib/apache2/modules/mod_$module.so"
		done
		printf '%s\n' "ServerName proxy.example.org" "Listen $PROXY2:8080" "PidFile $dir/pid" \
			"User www-data" "Group www-data" "DefaultRuntimeDir $dir" "ErrorLog $dir/error.log" \
			"LogFormat '%a %{remote}p %A:%{local}p %>s \"%r\"' lab" "CustomLog $dir/log lab" \
			"DocumentRoot $dir/html" "TypesConfig /dev/null" "AddType text/html .html"
		[ "$1" = web ] || printf '%s\n' "ProxyRequests On" "AllowCONNECT 25 443" \
			"<Proxy '*'>" "Require all granted" "</Proxy>"
	} >"$dir/apache.conf"
	spawn px apache2 -d "$dir" -f "$dir/apache.conf" -DFOREGROUND >"$dir/start.log" 2>&1
	listening px "$PROXY2" 8080 "Apache"
}

# privoxy: as shipped, but for all clients; on $PROXY2.
privoxy() {
	local dir=$RUN/privoxy
	mkdir -p "$dir"
	printf '%s\n' "confdir /etc/privoxy" "logdir $dir" "logfile log" "debug 512" \
		"listen-address $PROXY2:8118" "permit-access 0.0.0.0/0" "actionsfile match-all.action" \
		>"$dir/config"
	spawn px privoxy --no-daemon "$dir/config" >"$dir/log" 2>&1
	listening px "$PROXY2" 8118 "Privoxy"
}

# sslh_to TARGET:PORT: port 443 of $PROXY shared by ssh and what waits a second to be spoken to.
sslh_to() {
	mkdir -p "$RUN/sslh"
	spawn px sslh-select -f -n -v 1 -p "$PROXY:443" --ssh "$PROXY:22" --anyprot "$1" \
		--on-timeout anyprot --timeout 1 >"$RUN/sslh/log" 2>&1
	listening px "$PROXY" 443 "sslh"
}

# tunnel_to_ipv6 ADDRESS PORT: port 2525 of $PROXY.
tunnel_to_ipv6() {
	mkdir -p "$RUN/6tunnel"
	spawn px 6tunnel -d -v -s "$PROXY6" -l "$PROXY" 2525 "$1" "$2" >"$RUN/6tunnel/log" 2>&1
	listening px "$PROXY" 2525 "6tunnel"
}
