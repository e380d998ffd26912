# shellcheck shell=bash
# The lab: one organisation, its border, and the outside, each a network namespace.
#
#   in  (mail server)  ---  gw (border router)  ---  line (delay)  ---  out (all others)
#   192.0.2.25               span port here          $LAB_DELAY_MS each way
#
# A recipe (recipes/NAME.sh) is sourced into this and uses the functions of lab.sh, postfix.sh,
# exim.sh and clients.sh. All that is made lies in $RUN or in the namespaces $LAB-*, and
# lab_end removes it.

LAB_DIR=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
LAB_DELAY_MS=${LAB_DELAY_MS-12}
SERVER=192.0.2.25
SERVER6=2001:db8:1::25
HOME_NET=192.0.2.0/24,2001:db8:1::/48
CLIENTS="198.51.100.7 198.51.100.8 198.51.100.9 198.51.100.66"
CLIENTS6="2001:db8:2::7 2001:db8:2::8"
DESTS="203.0.113.25 203.0.113.26 203.0.113.53"
DESTS6="2001:db8:3::25"
NAMESPACES="in gw line out"

die() {
	echo "lab: ${NAME-}: $*" >&2
	exit 1
}

# --- life of a run -----------------------------------------------------------------------

lab_begin() {
	need_tools "$@"
	LAB=rw$$
	RUN=$(mktemp -d "${TMPDIR:-/tmp}/relaywatch-lab.XXXXXX")
	chmod 755 "$RUN"
	mkdir "$RUN/clients" "$RUN/etc"
	STOP=()
	trap lab_end EXIT
	build_tools
	etc_files
}

# Stops what was started, last first; keeps $RUN when asked for or when the run failed.
lab_end() {
	local status=$? i
	trap - EXIT
	for ((i = ${#STOP[@]} - 1; i >= 0; i--)); do
		eval "${STOP[i]}" >/dev/null 2>&1 || true
	done
	for i in $NAMESPACES; do
		ip netns del "$LAB-$i" 2>/dev/null || true
	done
	if [ "$status" -ne 0 ] || [ -n "${LAB_KEEP-}" ]; then
		echo "lab: logs kept in $RUN" >&2
	else
		rm -rf "$RUN"
	fi
	exit "$status"
}

# need_tools [PROGRAM...]: beside what every run needs.
need_tools() {
	local tool
	PATH=$PATH:/usr/sbin:/sbin
	[ "$(id -u)" -eq 0 ] || die "needs root"
	for tool in gcc ip nsenter unshare ethtool tcpdump dnsmasq openssl "$@"; do
		command -v "$tool" >/dev/null || die "no $tool: run tests/lab/deps"
	done
}

at_end() {
	STOP+=("$*")
}

build_tools() {
	mkdir -p "$LAB_DIR/.build"
	[ "$LAB_DIR/.build/delayline" -nt "$LAB_DIR/delayline.c" ] ||
		gcc -std=c11 -O2 -Wall -Wextra -o "$LAB_DIR/.build/delayline" "$LAB_DIR/delayline.c"
}

# Files the servers see in place of the machine's own.
etc_files() {
	echo "nameserver 203.0.113.53" >"$RUN/etc/resolv.conf"
	echo "127.0.0.1 localhost" >"$RUN/etc/hosts"
	grep -v '^Debian-exim:' /etc/passwd >"$RUN/etc/passwd"
	grep -v '^Debian-exim:' /etc/group >"$RUN/etc/group"
	echo "Debian-exim:x:64999:64999::/nonexistent:/usr/sbin/nologin" >>"$RUN/etc/passwd"
	echo "Debian-exim:x:64999:" >>"$RUN/etc/group"
}

# wait_for SECONDS WHAT COMMAND...: the lab never sleeps and hopes.
wait_for() {
	local tries=$(($1 * 10)) what=$2
	shift 2
	until "$@" >/dev/null 2>&1; do
		[ $((tries -= 1)) -gt 0 ] || die "timed out waiting for $what"
		sleep 0.1
	done
}

# --- network -----------------------------------------------------------------------------

# in_ns NAMESPACE COMMAND...: runs with the namespace's network and the lab's /etc files.
in_ns() {
	(exec_in_ns "$@")
}

# spawn NAMESPACE COMMAND...: the same in the background, until lab_end.
spawn() {
	(exec_in_ns "$@") &
	SPAWNED=$!
	at_end "kill $SPAWNED; wait $SPAWNED"
}

exec_in_ns() {
	local ns=$1
	shift
	# shellcheck disable=SC2016
	exec nsenter --net="/run/netns/$LAB-$ns" unshare -m sh -c '
		for f in resolv.conf hosts passwd group; do mount --bind "$0/$f" "/etc/$f"; done
		exec "$@"' "$RUN/etc" "$@"
}

net() {
	local ns=$1
	shift
	ip -n "$LAB-$ns" "$@"
}

# cable NS IFACE NS IFACE
cable() {
	ip link add "$2" netns "$LAB-$1" type veth peer name "$4" netns "$LAB-$3"
	plain_frames "$1" "$2"
	plain_frames "$3" "$4"
	net "$1" link set "$2" up
	net "$3" link set "$4" up
}

# Real frames on the wire: no segmentation in the card, checksums filled in.
plain_frames() {
	ip netns exec "$LAB-$1" ethtool -K "$2" tso off gso off gro off tx off rx off >/dev/null
}

net_up() {
	local ns
	for ns in $NAMESPACES; do
		ip netns add "$LAB-$ns"
		net "$ns" link set lo up
		ip netns exec "$LAB-$ns" sysctl -qw net.ipv4.ip_forward=1 \
			net.ipv6.conf.all.forwarding=1 net.ipv6.conf.all.accept_dad=0 \
			net.ipv6.conf.default.accept_dad=0 net.ipv4.ip_nonlocal_bind=1
	done
	cable in eth0 gw lan0
	border_cable
	cable line east out down0
	line_up
	inside_up
	border_up
	outside_up
}

# tests/lab/live lays it through a switch.
border_cable() {
	cable gw up0 line west
}

# line_up [delayline option...]: a recipe may lay another line, e.g. one that loses frames.
line_up() {
	local i
	for i in west east; do
		ip netns exec "$LAB-line" sysctl -qw "net.ipv6.conf.$i.disable_ipv6=1"
	done
	if [ -n "${LINE_PID-}" ]; then
		kill "$LINE_PID"
		wait "$LINE_PID" 2>/dev/null || true
	fi
	ip netns exec "$LAB-line" "$LAB_DIR/.build/delayline" -d "$LAB_DELAY_MS" "$@" west east &
	LINE_PID=$!
	at_end "kill $LINE_PID"
}

inside_up() {
	net in addr add "$SERVER/24" dev eth0
	net in addr add 192.0.2.26/24 dev eth0
	net in -6 addr add "$SERVER6/64" dev eth0 nodad
	net in route add default via 192.0.2.1
	net gw addr add 192.0.2.1/24 dev lan0
	net gw -6 addr add 2001:db8:1::1/64 dev lan0 nodad
	net in -6 route add default via 2001:db8:1::1
}

# The link over the border has no network of its own.
border_up() {
	net gw addr add 192.0.2.1/32 dev up0
	net gw -6 addr add fe80::1/64 dev up0 nodad
	net gw route add 198.51.100.1 dev up0 src 192.0.2.1
	net gw route add default via 198.51.100.1
	net gw -6 route add default via fe80::2 dev up0
	net out addr add 198.51.100.1/32 dev down0
	net out -6 addr add fe80::2/64 dev down0 nodad
	net out route add 192.0.2.1 dev down0 src 198.51.100.1
	net out route add 192.0.2.0/24 via 192.0.2.1
	net out -6 route add 2001:db8:1::/48 via fe80::1 dev down0
}

outside_up() {
	local a
	for a in $CLIENTS $DESTS; do
		net out addr add "$a/32" dev lo
	done
	for a in $CLIENTS6 $DESTS6; do
		net out -6 addr add "$a/128" dev lo nodad
	done
}

# The mail server stands behind a NAT of the border router that hides both ways who speaks:
# to the outside it is $SERVER, and all clients look to it like the router.
nat_server() {
	SERVER_LISTEN=192.0.2.130
	net in addr flush dev eth0 scope global
	net in addr add "$SERVER_LISTEN/24" dev eth0
	net in route add default via 192.0.2.1
	ip netns exec "$LAB-gw" sh -e -c "
		iptables -t nat -A PREROUTING -i up0 -p tcp -d $SERVER -j DNAT --to $SERVER_LISTEN
		iptables -t nat -A POSTROUTING -o lan0 -j MASQUERADE
		iptables -t nat -A POSTROUTING -o up0 -s $SERVER_LISTEN -j SNAT --to $SERVER"
}

# --- names -------------------------------------------------------------------------------

# dns_up [dnsmasq option...]: MX and address records of both sides, asked across the border.
dns_up() {
	# shellcheck disable=SC2054
	local options=(
		--mx-host=example.org,mx.example.org,10
		--host-record="mx.example.org,$SERVER,$SERVER6"
		--host-record=out.example.org,192.0.2.26
		--mx-host=example.com,mx.example.com,10
		--mx-host=third.example,mx.example.com,10
		--mx-host=example.net,mx.example.net,10
		--mx-host=other.example,mx.example.net,10
		--mx-host=client.example,mx.example.net,10
		--mx-host=partner.example,mx.example.net,10
		--mx-host=partner.example,mx.example.org,20
		--host-record=mx.example.com,203.0.113.25
		--host-record=mx.example.net,203.0.113.26
		--mx-host=six.example,mx.six.example,10
		--host-record=mx.six.example,2001:db8:3::25
		--host-record=www.third.example,203.0.113.80
		--host-record=mail.client.example,198.51.100.7
		--host-record=mail6.client.example,2001:db8:2::7
	)
	spawn out dnsmasq --keep-in-foreground --conf-file=/dev/null --user=root --group=root \
		--no-resolv --no-hosts --pid-file= --cache-size=0 --bind-interfaces \
		--listen-address=203.0.113.53 --auth-ttl=300 --local-ttl=300 \
		--local=/org/ --local=/com/ --local=/net/ --local=/example/ --local=/arpa/ \
		"${options[@]}" "$@" 2>"$RUN/dns.log"
	wait_for 5 "DNS" ip netns exec "$LAB-out" \
		sh -c 'ss -Hlun src 203.0.113.53 | grep -q :53'
}

# --- capture -----------------------------------------------------------------------------

# capture_start [INTERFACE [NAMESPACE]]: what a span port of the border link sees.
capture_start() {
	ip netns exec "$LAB-${2-gw}" tcpdump -i "${1-up0}" -Z root -U -s 0 --immediate-mode \
		--time-stamp-precision=micro -w "$RUN/capture.pcap" 2>"$RUN/tcpdump.log" &
	CAPTURE_PID=$!
	at_end "kill $CAPTURE_PID"
	wait_for 10 "tcpdump" grep -q 'listening on' "$RUN/tcpdump.log"
}

capture_stop() {
	wait_for 60 "connections to end" connections_ended
	sleep 0.2 # the last packets' way through the line
	kill -INT "$CAPTURE_PID"
	wait "$CAPTURE_PID" 2>/dev/null || true
	grep -q '^0 packets dropped by kernel' "$RUN/tcpdump.log" || die "the capture lost packets"
}

connections_ended() {
	local ns
	for ns in in out; do
		[ -z "$(ip netns exec "$LAB-$ns" ss -Htn state connected exclude time-wait)" ] ||
			return 1
	done
}

# later HOURS: what is captured from now on is given out as that much later.
later() {
	wait_for 60 "connections to end" connections_ended
	sleep 0.2
	LATER="$(date +%s.%N) $1"
}

port_open() {
	ip netns exec "$LAB-$1" ss -Hltn "sport = :$3" | grep -qF "$2:$3"
}

# --- what the case says about itself -----------------------------------------------------

about() {
	ABOUT=$*
}

# options ARGS...: relaywatch options beyond -H and -D.
options() {
	ARGS+=" $*"
}
