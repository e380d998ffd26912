# shellcheck shell=bash
# Real Postfix instances: the organisation's server and the outside destination.

# postfix_start NAME NAMESPACE "main.cf line"...: master.cf may be extended beforehand by
# postfix_services. The log is $RUN/NAME/log.
postfix_start() {
	local name=$1 ns=$2 dir=$RUN/$1
	shift 2
	postfix_dirs "$dir"
	{ postfix_main "$dir"; printf '%s\n' "$@"; } | last_of_each >"$dir/main.cf"
	postfix_master >"$dir/master.cf"
	[ ! -f "$dir/master.more" ] || cat "$dir/master.more" >>"$dir/master.cf"
	in_ns "$ns" postfix -c "$dir" start >"$dir/start.log" 2>&1 || {
		cat "$dir/start.log" >&2
		die "Postfix ($name) does not start"
	}
	at_end "in_ns $ns postfix -c $dir stop"
}

# Postfix warns of a parameter set twice; the later one is meant.
last_of_each() {
	tac | awk -F ' *=' '!seen[$1]++' | tac
}

postfix_dirs() {
	mkdir -p "$1/queue" "$1/data" "$1/mail"
	chown postfix "$1/data" "$1/mail"
}

postfix_main() {
	cat <<-MAIN
		compatibility_level = 3.6
		queue_directory = $1/queue
		data_directory = $1/data
		maillog_file = $1/log
		maillog_file_prefixes = $1
		inet_protocols = all
		alias_maps =
		biff = no
		smtp_tls_security_level =
		smtpd_tls_security_level =
		virtual_mailbox_domains =
		virtual_mailbox_base = $1/mail
		virtual_uid_maps = static:$(id -u postfix)
		virtual_gid_maps = static:$(id -g postfix)
		smtp_connect_timeout = 5s
		notify_classes =
	MAIN
}

postfix_master() {
	cat <<-MASTER
		smtp       inet  n - n - - smtpd
		pickup     unix  n - n 60 1 pickup
		cleanup    unix  n - n - 0 cleanup
		qmgr       unix  n - n 300 1 qmgr
		tlsmgr     unix  - - n 1000? 1 tlsmgr
		rewrite    unix  - - n - - trivial-rewrite
		bounce     unix  - - n - 0 bounce
		defer      unix  - - n - 0 bounce
		trace      unix  - - n - 0 bounce
		verify     unix  - - n - 1 verify
		proxymap   unix  - - n - - proxymap
		anvil      unix  - - n - 1 anvil
		smtp       unix  - - n - - smtp
		relay      unix  - - n - - smtp
		showq      unix  n - n - - showq
		error      unix  - - n - - error
		retry      unix  - - n - - error
		discard    unix  - - n - - discard
		local      unix  - n n - - local
		virtual    unix  - n n - - virtual
		lmtp       unix  - - n - - lmtp
		scache     unix  - - n - 1 scache
		postlog    unix-dgram n - n - 1 postlogd
	MASTER
}

# --- the organisation's server -----------------------------------------------------------

# server_postfix WORD... | "main.cf line"...: for the words see README.md.
server_postfix() {
	local dir=$RUN/mx word lines=()
	mkdir -p "$dir"
	printf '%s\n' 'info@example.org info' 'alice@example.org alice' \
		'postmaster@example.org postmaster' >"$dir/mailboxes"
	: >"$dir/aliases"
	for word; do
		postfix_word "$dir" "$word"
	done
	postfix_start mx in \
		"myhostname = mx.example.org" "mydomain = example.org" "myorigin = example.org" \
		"mydestination = example.org, mx.example.org" \
		"inet_interfaces = ${SERVER_LISTEN:-$SERVER, [$SERVER6]}" \
		"mynetworks = 192.0.2.0/24 [2001:db8:1::]/48" \
		"local_transport = virtual" \
		"local_recipient_maps = \$virtual_mailbox_maps \$virtual_alias_maps" \
		"virtual_mailbox_maps = texthash:$dir/mailboxes" \
		"virtual_alias_maps = texthash:$dir/aliases" \
		"smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination" \
		"${lines[@]}"
	wait_for 20 "Postfix" port_open in "${SERVER_LISTEN:-$SERVER}" 25
}

# Adds to the caller's lines.
postfix_word() {
	local dir=$1 word=$2 arg=${2#*=}
	case $word in
	*' ='*) lines+=("$word") ;;
	open) lines+=("mynetworks = 0.0.0.0/0 [::]/0") ;;
	closed) ;;
	trust=*) lines+=("mynetworks = 192.0.2.0/24 [2001:db8:1::]/48 $arg") ;;
	relay-for=*) lines+=("relay_domains = $arg" "relay_recipient_maps =") ;;
	alias=*) echo "${arg%%:*} ${arg#*:}" >>"$dir/aliases" ;;
	auth) postfix_auth "$dir" ;;
	tls) postfix_tls "$dir" ;;
	hacks) postfix_hacks ;;
	*) die "unknown server word '$word'" ;;
	esac
}

# The loophole that Postfix documents under allow_untrusted_routing: the server passes on mail
# for its domain with routing inside, and the hub behind it, which trusts it, follows that.
postfix_hacks() {
	lines+=("mydestination = mx.example.org" "relay_domains = example.org"
		"relay_recipient_maps =" "allow_untrusted_routing = yes"
		"transport_maps = inline:{ example.org=smtp:[192.0.2.26] }")
	postfix_start hub in "myhostname = hub.example.org" "myorigin = example.org" \
		"mydestination = example.org" "inet_interfaces = 192.0.2.26" \
		"mynetworks = 192.0.2.0/24" "local_transport = virtual" "local_recipient_maps =" \
		"virtual_mailbox_maps = static:box"
	wait_for 20 "the hub" port_open in 192.0.2.26 25
}

postfix_auth() {
	mkdir -p "$1/sasl"
	printf '%s\n' "pwcheck_method: auxprop" "auxprop_plugin: sasldb" \
		"mech_list: PLAIN LOGIN" "sasldb_path: $1/sasl/db" >"$1/sasl/smtpd.conf"
	echo secret | saslpasswd2 -p -c -f "$1/sasl/db" -u example.org alice
	chown postfix "$1/sasl/db"
	lines+=("cyrus_sasl_config_path = $1/sasl" "smtpd_sasl_auth_enable = yes"
		"smtpd_sasl_local_domain = example.org" "smtpd_sasl_security_options = noanonymous")
	cat >>"$1/master.more" <<-MASTER
		submission inet n - n - - smtpd
		  -o syslog_name=postfix/submission
		  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
	MASTER
}

postfix_tls() {
	certificate "$1"
	lines+=("smtpd_tls_security_level = may" "smtpd_tls_cert_file = $1/cert.pem"
		"smtpd_tls_key_file = $1/key.pem" "smtpd_tls_loglevel = 1")
	cat >>"$1/master.more" <<-MASTER
		smtps inet n - n - - smtpd
		  -o syslog_name=postfix/smtps
		  -o smtpd_tls_wrappermode=yes
		  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
	MASTER
}

# certificate DIR: a self-signed one for mx.example.org.
certificate() {
	openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=mx.example.org \
		-keyout "$1/key.pem" -out "$1/cert.pem" 2>/dev/null
}

# --- the outside destination -------------------------------------------------------------

# dest_postfix "main.cf line"...: takes all mail for the outside domains and drops it after
# the last reply. Recipients in $RUN/dest/refuse are refused with the text given there.
dest_postfix() {
	mkdir -p "$RUN/dest"
	touch "$RUN/dest/refuse"
	postfix_start dest out \
		"myhostname = mx.example.com" "mydestination = $OUTSIDE_DOMAINS" \
		"inet_interfaces = 203.0.113.25, 203.0.113.26, [2001:db8:3::25]" \
		"mynetworks = 127.0.0.0/8" "local_recipient_maps =" "local_transport = discard:" \
		"smtpd_peername_lookup = no" \
		"smtpd_recipient_restrictions = check_recipient_access texthash:$RUN/dest/refuse" \
		"$@"
	wait_for 20 "the destination" port_open out 203.0.113.26 25
}

# dest_refuse "ADDRESS REPLY"...: from now on; none given lifts all refusals.
dest_refuse() {
	printf '%s\n' "$@" >"$RUN/dest/refuse"
	in_ns out postfix -c "$RUN/dest" reload >/dev/null 2>&1
}

OUTSIDE_DOMAINS="example.com, third.example, example.net, other.example, six.example,
	client.example, partner.example"
