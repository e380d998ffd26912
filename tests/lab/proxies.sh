# shellcheck shell=bash
# The organisation's proxies and forwarders, in a namespace of their own behind the same router:
#
#   px (proxies) --- br0 of gw --- in (mail, users)   outside as in lab.sh, and
#   192.0.2.80, .81, .30, .88                         203.0.113.80 (web), .27 (closed),
#                                                     .28 (silent), 198.51.100.80 (a proxy)
#
# A recipe calls proxy_net first. What clients ask for goes to $RUN/asks, one line a request;
# truth-proxy joins it with the proxies' logs and the outside mail server's.

PROXY=192.0.2.80
PROXY6=2001:db8:1::80
PROXY2=192.0.2.81
BALANCER=192.0.2.30
WEB=192.0.2.88
USER_HOST=192.0.2.100
DEST=203.0.113.25
DEST6=2001:db8:3::25
DEST_CLOSED=203.0.113.27
DEST_SILENT=203.0.113.28
DEST_WEB=203.0.113.80
OUTSIDE_PROXY=198.51.100.80

# --- network -----------------------------------------------------------------------------

# The router's inside interface becomes a bridge: capture_start br0 sees what a span port
# inside sees, capture_start the border only.
proxy_net() {
	local a
	TRUTH=truth-proxy
	ip netns add "$LAB-px"
	at_end "ip netns del $LAB-px"
	net px link set lo up
	ip netns exec "$LAB-px" sysctl -qw net.ipv6.conf.all.accept_dad=0 \
		net.ipv6.conf.default.accept_dad=0
	cable px eth0 gw lan1
	net gw addr flush dev lan0 scope global
	net gw link add br0 type bridge
	net gw link set lan0 master br0
	net gw link set lan1 master br0
	net gw link set br0 up
	plain_frames gw br0
	net gw addr add 192.0.2.1/24 dev br0
	net gw -6 addr add 2001:db8:1::1/64 dev br0 nodad
	for a in $PROXY $PROXY2 $BALANCER $WEB; do
		net px addr add "$a/24" dev eth0
	done
	net px -6 addr add "$PROXY6/64" dev eth0 nodad
	net px route add default via 192.0.2.1
	net px -6 route add default via 2001:db8:1::1
	net in addr add "$USER_HOST/24" dev eth0
	for a in $DEST_CLOSED $DEST_SILENT $DEST_WEB $OUTSIDE_PROXY 198.51.100.22; do
		net out addr add "$a/32" dev lo
	done
	ip netns exec "$LAB-out" iptables -A INPUT -d "$DEST_SILENT" -j DROP
	: >"$RUN/asks"
	mkdir -p "$RUN/asked"
	quiet_neighbours
}

# Neighbour discovery done before the capture, so that bridges and lines know their ports.
quiet_neighbours() {
	wait_for 10 "the proxies' way out" in_ns px ping -c 1 -W 1 203.0.113.25
	wait_for 10 "the way out" in_ns in ping -c 1 -W 1 203.0.113.25
	wait_for 10 "the way out (IPv6)" in_ns px ping -c 1 -W 1 2001:db8:3::25
}

# as_client ADDRESS: whatever runs outside speaks from there, whether it can bind or not.
as_client() {
	case $1 in
	*:*) net out -6 route replace 2001:db8:1::/48 via fe80::1 dev down0 src "$1" ;;
	*) net out route replace 192.0.2.0/24 via 192.0.2.1 src "$1" ;;
	esac
}

# A client far beyond the outside hosts: 198.51.100.200 in the namespace far, $1 ms away.
far_client() {
	local i
	ip netns add "$LAB-far"
	ip netns add "$LAB-road"
	at_end "ip netns del $LAB-far; ip netns del $LAB-road"
	cable far eth0 road west
	cable road east out far0
	for i in west east; do
		ip netns exec "$LAB-road" sysctl -qw "net.ipv6.conf.$i.disable_ipv6=1"
	done
	ip netns exec "$LAB-road" "$LAB_DIR/.build/delayline" -d "$1" west east &
	at_end "kill $!"
	net far link set lo up
	net far addr add 198.51.100.200/32 dev eth0
	net far route add 198.51.100.1 dev eth0
	net far route add default via 198.51.100.1
	net out route add 198.51.100.200 dev far0 src 198.51.100.1
	wait_for 10 "the far client's way" in_ns far ping -c 1 -W 1 "$OUTSIDE_PROXY"
}

# capture_inside: what a span port sees that mirrors inside traffic too.
capture_inside() {
	touch "$RUN/inside-view"
	capture_start br0
}

# one_leg_only: what left for the outside servers went by another line, out of sight.
one_leg_only() {
	touch "$RUN/one-leg"
	mv "$RUN/capture.pcap" "$RUN/both.pcap"
	tcpdump -r "$RUN/both.pcap" -w "$RUN/capture.pcap" "not net 203.0.113.0/24" 2>/dev/null
}

# --- proxies -----------------------------------------------------------------------------

# listening NAMESPACE ADDRESS PORT WHAT
listening() {
	wait_for 20 "$4" port_open "$1" "$2" "$3"
}

# squid open|default ["squid.conf line"...]
squid() {
	squid_at px "$PROXY" "$@"
}

squid_at() {
	local ns=$1 ip=$2 kind=$3 dir=$RUN/squid-$2
	shift 3
	mkdir -p "$dir"
	chown proxy: "$dir"
	{
		squid_common "$dir" "$ip"
		[ "$ip" != "$PROXY" ] || echo "http_port [$PROXY6]:3128"
		printf '%s\n' "$@"
		"squid_$kind"
	} >"$dir/squid.conf"
	spawn "$ns" squid -N -f "$dir/squid.conf" >"$dir/start.log" 2>&1
	listening "$ns" "$ip" 3128 "Squid"
}

squid_common() {
	cat <<-CONF
		visible_hostname proxy.example.org
		http_port $2:3128
		dns_nameservers 203.0.113.53
		logformat lab %ts.%03tu %>a %>p %la:%lp %rm %ru %>Hs %Ss %<a %<lp %<st
		access_log stdio:$1/log lab
		cache_log $1/cache.log
		pid_filename $1/pid
		coredump_dir $1
		netdb_filename none
		pinger_enable off
		cache deny all
		cache_mem 1 MB
		connect_timeout 5 seconds
		forward_max_tries 1
		connect_retries 0
		server_idle_pconn_timeout 3 seconds
		shutdown_lifetime 0 seconds
	CONF
}

squid_open() {
	echo "http_access allow all"
}

# As shipped, but for the missing site file.
squid_default() {
	cat <<-CONF
		acl localnet src 192.0.2.0/24
		acl localnet src 2001:db8:1::/48
		acl SSL_ports port 443
		acl Safe_ports port 80 21 443 70 210 1025-65535 280 488 591 777
		http_access deny !Safe_ports
		http_access deny CONNECT !SSL_ports
		http_access allow localhost manager
		http_access deny manager
		http_access allow localnet
		http_access allow localhost
		http_access deny all
	CONF
}

# dante open|refusing|password ["danted.conf line"...]: rule 1 is SOCKS4, rule 2 SOCKS5.
dante() {
	local kind=$1 dir=$RUN/dante method=none verb=pass command=()
	shift
	mkdir -p "$dir"
	case $kind in
	open) ;;
	refusing) verb=block ;;
	password)
		method=username
		dante_user "$dir"
		command=(unshare -m sh -c "mount --bind $dir/passwd /etc/passwd
			mount --bind $dir/shadow /etc/shadow; exec \"\$@\"" sh)
		;;
	esac
	cat >"$dir/danted.conf" <<-CONF
		logoutput: $dir/log
		internal: $PROXY port = 1080
		internal: $PROXY6 port = 1080
		external: eth0
		socksmethod: $method
		clientmethod: none
		user.privileged: root
		user.unprivileged: nobody
		timeout.connect: 5
		client pass {
			from: 0/0 to: 0/0
			log: error
		}
		socks $verb {
			from: 0/0 to: 0/0
			proxyprotocol: socks_v4
			log: connect error
		}
		socks $verb {
			from: 0/0 to: 0/0
			proxyprotocol: socks_v5
			log: connect error
		}
	CONF
	printf '%s\n' "$@" >>"$dir/danted.conf"
	spawn px "${command[@]}" danted -f "$dir/danted.conf" >"$dir/start.log" 2>&1
	listening px "$PROXY" 1080 "Dante"
}

dante_user() {
	cp "$RUN/etc/passwd" "$1/passwd"
	cp /etc/shadow "$1/shadow"
	echo "mallory:x:61000:61000::/nonexistent:/usr/sbin/nologin" >>"$1/passwd"
	echo "mallory:$(openssl passwd -6 secret):19000:0:99999:7:::" >>"$1/shadow"
	chmod 600 "$1/shadow"
}

# microsocks [option...]: on $PROXY2.
microsocks() {
	mkdir -p "$RUN/microsocks"
	spawn px microsocks -i "$PROXY2" -p 1080 -b "$PROXY2" "$@" >"$RUN/microsocks/log" 2>&1
	listening px "$PROXY2" 1080 "microsocks"
}

# tinyproxy ["tinyproxy.conf line"...]: no ConnectPort line, so all ports are allowed.
tinyproxy() {
	local dir=$RUN/tinyproxy
	mkdir -p "$dir"
	{
		printf '%s\n' "Port 8888" "Listen $PROXY2" "LogFile \"$dir/log\"" "LogLevel Info" \
			"Timeout 30" "MaxClients 100" "PidFile \"$dir/pid\"" \
			"DefaultErrorFile \"/usr/share/tinyproxy/default.html\"" \
			"StatFile \"/usr/share/tinyproxy/stats.html\"" "ViaProxyName \"tinyproxy\"" \
			"${TINYPROXY_BIND-Bind $PROXY2}"
		printf '%s\n' "$@"
	} >"$dir/tinyproxy.conf"
	spawn px tinyproxy -d -c "$dir/tinyproxy.conf" >"$dir/start.log" 2>&1
	listening px "$PROXY2" 8888 "tinyproxy"
}

# haproxy "LISTEN:PORT [bind option...]" TARGET:PORT ["server option"...]
haproxy() {
	local dir=$RUN/haproxy bind=$1 listen=${1%% *} target=$2
	shift 2
	mkdir -p "$dir"
	cat >"$dir/haproxy.cfg" <<-CONF
		global
		    log stdout format raw local0
		defaults
		    mode tcp
		    log global
		    timeout connect 5s
		    timeout client 60s
		    timeout server 60s
		    log-format "tcp %ci %cp %fi:%fp %si:%sp %bp %ts %B"
		frontend mail
		    bind $bind
		    default_backend servers
		backend servers
		    source ${listen%:*}
		    server first $target $*
	CONF
	spawn px haproxy -db -f "$dir/haproxy.cfg" >"$dir/log" 2>&1
	listening px "${listen%:*}" "${listen##*:}" "HAProxy"
}

# socat_forward LISTEN:PORT TARGET:PORT
socat_forward() {
	mkdir -p "$RUN/socat"
	spawn px socat -d -d -d "TCP4-LISTEN:${1##*:},bind=${1%:*},reuseaddr,fork" \
		"TCP4:$2,bind=${1%:*}" 2>"$RUN/socat/log"
	listening px "${1%:*}" "${1##*:}" "socat"
}

# nginx_at NAMESPACE NAME <configuration body
nginx_at() {
	local dir=$RUN/nginx-$2
	mkdir -p "$dir/html"
	{
		cat <<-CONF
			load_module /usr/lib/nginx/modules/ngx_stream_module.so;
			daemon off;
			worker_processes 1;
			pid $dir/pid;
			error_log $dir/error.log info;
			events { worker_connections 256; }
		CONF
		sed "s#@DIR@#$dir#g"
	} >"$dir/nginx.conf"
	chmod -R a+rX "$dir"
	spawn "$1" nginx -p "$dir" -c "$dir/nginx.conf" >"$dir/start.log" 2>&1
}

# A site as it comes: static pages, with a log that tells what was asked for.
# nginx_site NAMESPACE NAME ADDRESS [tls]
nginx_site() {
	local tls=""
	mkdir -p "$RUN/nginx-$2/html"
	if [ -n "${4-}" ]; then
		certificate "$RUN/nginx-$2"
		tls="listen $3:443 ssl; ssl_certificate @DIR@/cert.pem; ssl_certificate_key @DIR@/key.pem;"
	fi
	echo "<html><head><title>Welcome</title></head><body><h1>Welcome to our site</h1></body></html>" \
		>"$RUN/nginx-$2/html/index.html"
	nginx_at "$1" "$2" <<-CONF
		http {
			log_format lab '\$remote_addr \$remote_port \$server_addr:\$server_port \$status "\$request"';
			access_log @DIR@/log lab;
			client_body_temp_path @DIR@/body;
			server { listen $3:80; $tls server_name _; root @DIR@/html; }
		}
	CONF
	listening "$1" "$3" 80 "nginx"
}

# A web server whose pages come from elsewhere. nginx_passing NAME ADDRESS UPSTREAM
nginx_passing() {
	nginx_at px "$1" <<-CONF
		http {
			log_format lab '\$remote_addr \$remote_port \$server_addr:\$server_port \$status "\$request"';
			access_log @DIR@/log lab;
			resolver 203.0.113.53;
			server { listen $2:80; location / { proxy_pass http://$3; proxy_bind $2; } }
		}
	CONF
	listening px "$2" 80 "nginx"
}

# nginx_stream LISTEN:PORT TARGET:PORT ["directive;"...]
nginx_stream() {
	local listen=$1 target=$2
	shift 2
	nginx_at px stream <<-CONF
		stream {
			log_format lab 'stream '
				'\$remote_addr \$remote_port \$server_addr:\$server_port \$upstream_addr \$status \$bytes_sent';
			access_log @DIR@/log lab;
			server { listen $listen; proxy_pass $target; proxy_bind ${listen%:*}; $* }
		}
	CONF
	listening px "${listen%:*}" "${listen##*:}" "nginx"
}

# --- ssh ---------------------------------------------------------------------------------

# sshd_at NAMESPACE ADDRESS PORT ["sshd_config line"...]: lets in whoever has $RUN/ssh/key.
sshd_at() {
	local ns=$1 ip=$2 port=$3 dir=$RUN/ssh
	shift 3
	mkdir -p "$dir" "$RUN/sshd-$ip" /run/sshd
	chmod 700 "$dir"
	[ -f "$dir/host" ] || ssh-keygen -q -t ed25519 -N '' -f "$dir/host"
	[ -f "$dir/key" ] || ssh-keygen -q -t ed25519 -N '' -f "$dir/key"
	cp "$dir/key.pub" "$dir/authorized"
	printf '%s\n' "$@" "ListenAddress $ip:$port" "HostKey $dir/host" "PidFile $dir/pid" \
		"AuthorizedKeysFile $dir/authorized" "StrictModes no" "UsePAM no" \
		"PermitRootLogin yes" "PasswordAuthentication no" "UseDNS no" "LogLevel VERBOSE" \
		>"$dir/sshd-$ip.conf"
	spawn "$ns" /usr/sbin/sshd -D -e -f "$dir/sshd-$ip.conf" 2>"$RUN/sshd-$ip/log"
	listening "$ns" "$ip" "$port" "sshd"
}

# ssh_from NAMESPACE LOG SSH-ARGS...: an ssh client without a command, in the background, logged
# where truth-proxy looks ($RUN/ssh/log) or does not.
ssh_from() {
	local ns=$1 log=$2
	shift 2
	spawn "$ns" ssh -vv -N -n -F /dev/null -i "$RUN/ssh/key" -o BatchMode=yes \
		-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
		-o ExitOnForwardFailure=yes "$@" </dev/null >/dev/null 2>"$log"
	SSH_PID=$SPAWNED
}

ssh_end() {
	kill "$SSH_PID"
	wait "$SSH_PID" 2>/dev/null || true
}

# --- the outside mail server -------------------------------------------------------------

# target_postfix [tls] ["main.cf line"...]: the destination, logging the ports of its clients.
target_postfix() {
	local tls=()
	mkdir -p "$RUN/dest"
	if [ "${1-}" = tls ]; then
		shift
		certificate "$RUN/dest"
		tls=("smtpd_tls_security_level = may" "smtpd_tls_cert_file = $RUN/dest/cert.pem"
			"smtpd_tls_key_file = $RUN/dest/key.pem" "smtpd_tls_loglevel = 1")
		cat >"$RUN/dest/master.more" <<-MASTER
			smtps inet n - n - - smtpd
			  -o syslog_name=postfix/smtps
			  -o smtpd_tls_wrappermode=yes
		MASTER
	fi
	dest_postfix "smtpd_client_port_logging = yes" "${tls[@]}" "$@"
}

# target_exim ["main option"...]: the same, as an Exim with these options.
target_exim() {
	local dir=$RUN/dest
	mkdir -p "$dir"
	{
		printf '%s\n' "primary_hostname = mx.example.com" "tls_advertise_hosts =" \
			"local_interfaces = <; 203.0.113.25 ; 203.0.113.26 ; 2001:db8:3::25"
		exim_common "$dir"
		printf '%s\n' "$@" "begin acl" "rcpt:" "accept"
		printf '%s\n' "begin routers" "all:" "  driver = redirect" "  data = :blackhole:"
	} >"$dir/exim.conf"
	exim_start dest out
	wait_for 20 "the destination" port_open out 203.0.113.26 25
}

# --- clients -----------------------------------------------------------------------------

# ask MECHANISM CLIENT SERVER:PORT TARGET:PORT[>...] HEARD: for truth-proxy, which explains it.
ask() {
	echo "$*" >>"$RUN/asks"
}

# asked STATUS WHAT OUTPUT: a client must succeed, or fail where REFUSED is set; HEARD says which.
asked() {
	HEARD=granted
	if [ -n "${REFUSED-}" ]; then
		[ "$1" -ne 0 ] || die "$2 succeeded, though it should be refused"
		HEARD=refused
	elif [ "$1" -ne 0 ]; then
		cat "$3" >&2
		die "$2 ended with $1"
	fi
}

output() {
	OUTPUTS=$((${OUTPUTS-0} + 1))
	OUTPUT=$(printf '%s/asked/%03d' "$RUN" "$OUTPUTS")
}

# curl_mail MECHANISM CLIENT SERVER:PORT TARGET:PORT TO [CURL-ARGS...]: one message.
curl_mail() {
	local mechanism=$1 client=$2 server=$3 target=$4 to=$5 url
	local proxy=() status=0
	shift 5
	url=${URL-smtp}://$target
	case $mechanism in
	tcp-forward) url=smtp://$server ;;
	http-connect) proxy=(--proxytunnel -x "http://$server") ;;
	socks5-name) proxy=(-x "socks5h://$server") mechanism=socks5 ;;
	*) proxy=(-x "$mechanism://$server") ;;
	esac
	letter "$RUN/letter" "Sales <sales@client.example>" "$to" "${SUBJECT-Your enquiry}" \
		"${PARAGRAPHS-2}"
	if [ -n "${CLIENT_NS-}" ]; then
		proxy+=(--interface "$client")
	else
		as_client "$client"
	fi
	output
	in_ns "${CLIENT_NS-out}" curl -v --max-time 60 "${proxy[@]}" "$@" "$url/mail.client.example" \
		--mail-from sales@client.example --mail-rcpt "$to" -T "$RUN/letter" --crlf \
		>"$OUTPUT" 2>&1 || status=$?
	asked "$status" "curl" "$OUTPUT"
	ask "$mechanism" "$client" "$server" "$target" "$HEARD"
}

# session_script N: N messages in one SMTP session, for talk.
session_script() {
	local i
	printf '%s\n' "<" "> EHLO mail.client.example"
	for ((i = 1; i <= $1; i++)); do
		SUBJECT="Special offer $i" transaction "news$i@client.example" "user$i@third.example"
	done
	echo "> QUIT"
}

# curl_web MECHANISM CLIENT SERVER:PORT URL [CURL-ARGS...]
curl_web() {
	local mechanism=$1 client=$2 server=$3 url=$4 proxy=() status=0 target
	shift 4
	case $mechanism in
	socks*) proxy=(-x "$mechanism://$server") ;;
	*) proxy=(-x "http://$server") ;;
	esac
	target=${url#*://}
	target=${target%%/*}
	case $target in
	*:*) ;;
	*) [ "${url%%:*}" = https ] && target+=:443 || target+=:80 ;;
	esac
	if [ -n "${CLIENT_NS-}" ]; then
		proxy+=(--interface "$client")
	else
		as_client "$client"
	fi
	output
	in_ns "${CLIENT_NS-out}" curl -v -k --max-time 30 "${proxy[@]}" "$@" "$url" \
		>"$OUTPUT" 2>&1 || status=$?
	asked "$status" "curl" "$OUTPUT"
	ask "$mechanism" "$client" "$server" "$target" "${HEARD_AS-$HEARD}"
}

# probe_from CLIENT SERVER:PORT TARGET:PORT MECHANISM KIND [OPTION...]: raw probes (see probe).
probe_from() {
	local client=$1 server=$2 target=$3 mechanism=$4 kind=$5 heard
	shift 5
	output
	in_ns "${PROBE_NS-out}" "$LAB_DIR/probe" "$client" "$server" "$target" "$kind" "$@" \
		>"$OUTPUT" || {
		cat "$OUTPUT" >&2
		die "the probe failed"
	}
	while read -r heard _; do
		[ "$heard" = unreachable ] || ask "$mechanism" "$client" "$server" "$target" "$heard"
	done <"$OUTPUT"
}

# chained TYPE PROXY:PORT [TYPE PROXY:PORT...] -- COMMAND...: under proxychains4.
chained() {
	local conf=$RUN/proxychains.conf
	printf '%s\n' "strict_chain" "quiet_mode" "tcp_read_time_out 30000" \
		"tcp_connect_time_out 30000" "[ProxyList]" >"$conf"
	while [ "$1" != -- ]; do
		echo "$1 ${2%:*} ${2##*:}" >>"$conf"
		shift 2
	done
	shift
	in_ns out proxychains4 -q -f "$conf" "$@"
}

# --- waiting -----------------------------------------------------------------------------

# wait_taken COUNT [SECONDS]: messages the outside mail server has taken.
wait_taken() {
	wait_for "${2-30}" "$1 messages at the outside mail server" taken "$1"
}

taken() {
	[ "$(grep -cE 'status=sent| Completed$' "$RUN/dest/log")" -ge "$1" ]
}
