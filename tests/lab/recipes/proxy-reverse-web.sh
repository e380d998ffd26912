# shellcheck shell=bash
about "A reverse web proxy (nginx) in front of an inside web server, seen on the inside too. Benign."
proxy_net
nginx_site in site 192.0.2.26
nginx_at px front <<-CONF
	http {
		access_log @DIR@/access.log;
		server { listen $WEB:80; location / { proxy_pass http://192.0.2.26:80; } }
	}
CONF
listening px "$WEB" 80 "nginx"
capture_inside
as_client 198.51.100.7
for i in 1 2 3; do
	in_ns out curl -sS -o /dev/null --fail "http://$WEB/" || die "no page"
done
capture_stop
