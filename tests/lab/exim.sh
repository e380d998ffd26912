# shellcheck shell=bash
# Real Exim instances. The same words as for Postfix (README.md) shape the server.

EXIM=$LAB_DIR/.build/exim/usr/sbin/exim4

# exim_start NAME NAMESPACE PORTS: the configuration is $RUN/NAME/exim.conf already, the log
# comes to $RUN/NAME/log.
exim_start() {
	local dir=$RUN/$1 ns=$2
	[ -x "$EXIM" ] || "$LAB_DIR/deps" exim >/dev/null || die "no Exim: run tests/lab/deps"
	mkdir -p "$dir/spool" "$dir/mail"
	ln -sf mainlog "$dir/log"
	chown -R 64999:64999 "$dir"
	chown root: "$dir/exim.conf"
	in_ns "$ns" "$EXIM" -C "$dir/exim.conf" -bV >"$dir/start.log" 2>&1 || {
		cat "$dir/start.log" >&2
		die "Exim ($1) does not like its configuration"
	}
	spawn "$ns" "$EXIM" -C "$dir/exim.conf" -bdf -q"${EXIM_QUEUE_RUN-10s}" \
		>>"$dir/start.log" 2>&1
}

exim_common() {
	cat <<-CONF
		exim_path = $EXIM
		spool_directory = $1/spool
		log_file_path = $1/%slog
		pid_file_path = $1/pid
		deliver_drop_privilege
		never_users =
		log_selector = +received_recipients +incoming_interface +outgoing_port +pid \
			+smtp_confirmation +smtp_no_mail +tls_cipher +smtp_connection +all_parents
		keep_environment =
		acl_smtp_rcpt = rcpt
		smtp_accept_max_per_connection = 1000
		smtp_accept_queue_per_connection = 1000
		remote_max_parallel = 4
		queue_run_max = 5
		rfc1413_query_timeout = 0s
		trusted_users = root
		disable_ipv6 = false
	CONF
}

# --- the organisation's server -----------------------------------------------------------

# server_exim WORD... | "main option"... | "SECTION: line"...
server_exim() {
	local dir=$RUN/mx word relay_from="192.0.2.0/24 ; 2001:db8:1::/48" relay_for="" ports=25
	local tls_ports="" main=() auth="" transport=() acl=() routers=() authenticators=()
	mkdir -p "$dir"
	: >"$dir/aliases"
	for word; do
		exim_word "$dir" "$word"
	done
	exim_server_conf "$dir" >"$dir/exim.conf"
	exim_start mx in
	wait_for 20 "Exim" port_open in "${SERVER_LISTEN:-$SERVER}" 25
}

# Changes the caller's variables.
exim_word() {
	local dir=$1 word=$2 arg=${2#*=}
	case $word in
	'transport: '*) transport+=("${word#*: }") ;;
	'acl: '*) acl+=("${word#*: }") ;;
	'router: '*) routers+=("${word#*: }") ;;
	'authenticator: '*) authenticators+=("${word#*: }") ;;
	*' ='*) main+=("$word") ;;
	open) relay_from="*" ;;
	closed) ;;
	trust=*) relay_from+=" ; ${arg// / ; }" ;;
	relay-for=*) relay_for=$arg ;;
	alias=*) echo "${arg%%:*}: ${arg#*:}" >>"$dir/aliases" ;;
	auth) auth=yes ports+=" : 587" ;;
	tls)
		certificate "$dir"
		main+=("tls_advertise_hosts = *" "tls_certificate = $dir/cert.pem"
			"tls_privatekey = $dir/key.pem")
		ports+=" : 465" tls_ports=465
		;;
	hacks) exim_hacks ;;
	*) die "unknown server word '$word'" ;;
	esac
}

# Exim's own percent hack comes before its relay check and so opens nothing. A router that
# unwraps local parts comes after it.
exim_hacks() {
	main+=("recipient_unqualified_hosts = *" "smtp_max_synprot_errors = 100")
	# shellcheck disable=SC2016
	routers+=("unwrap:" "  driver = redirect" "  domains = +local_domains"
		'  condition = ${if match{$local_part}{[@%!]}}'
		'  data = ${if match{$local_part}{\N^([^!@]+)!(.+)$\N}{$2@$1}{${sg{$local_part}{%}{@}}}}')
}

exim_server_conf() {
	cat <<-CONF
		primary_hostname = mx.example.org
		qualify_domain = example.org
		domainlist local_domains = example.org : mx.example.org : @[]
		domainlist relay_domains = $relay_for
		hostlist relay_from = <; $relay_from
		local_interfaces = <; ${SERVER_LISTEN:-$SERVER ; $SERVER6}
		daemon_smtp_ports = $ports
		tls_on_connect_ports = $tls_ports
	CONF
	[ -n "$tls_ports" ] || echo "tls_advertise_hosts ="
	exim_common "$1"
	printf '%s\n' "${main[@]}"
	exim_acl
	exim_routers "$1"
	exim_transports "$1"
	echo "begin retry"
	echo "* * F,2h,${EXIM_RETRY-15s}"
	[ -z "$auth${authenticators[*]}" ] || echo "begin authenticators"
	[ -z "$auth" ] || exim_authenticators
	printf '%s\n' "${authenticators[@]}"
}

exim_acl() {
	echo "begin acl"
	echo "rcpt:"
	printf '%s\n' "${acl[@]}"
	cat <<-CONF
		accept hosts = +relay_from
		accept authenticated = *
		require message = relay not permitted
		        domains = +local_domains : +relay_domains
		require verify = recipient
		accept
	CONF
}

exim_routers() {
	echo "begin routers"
	printf '%s\n' "${routers[@]}"
	cat <<-CONF
		outside:
		  driver = dnslookup
		  domains = ! +local_domains
		  transport = remote
		  ignore_target_hosts = 127.0.0.0/8
		  no_more
		aliases:
		  driver = redirect
		  data = \${lookup{\$local_part@\$domain}lsearch{$1/aliases}}
		mailboxes:
		  driver = accept
		  local_parts = info : alice : postmaster
		  transport = mailbox
	CONF
}

exim_transports() {
	echo "begin transports"
	echo "remote:"
	echo "  driver = smtp"
	printf '%s\n' "${transport[@]}"
	cat <<-CONF
		mailbox:
		  driver = appendfile
		  file = $1/mail/box
		  user = Debian-exim
	CONF
}

exim_authenticators() {
	cat <<-'CONF'
		plain:
		  driver = plaintext
		  public_name = PLAIN
		  server_prompts = :
		  server_condition = ${if and{{eq{$auth2}{alice}}{eq{$auth3}{secret}}}}
		  server_set_id = $auth2
		login:
		  driver = plaintext
		  public_name = LOGIN
		  server_prompts = Username:: : Password::
		  server_condition = ${if and{{eq{$auth1}{alice}}{eq{$auth2}{secret}}}}
		  server_set_id = $auth1
	CONF
}

# --- the outside destination -------------------------------------------------------------

# dest_exim "acl line"...: takes all mail for any domain and drops it.
dest_exim() {
	local dir=$RUN/dest
	mkdir -p "$dir"
	{
		echo "primary_hostname = mx.example.com"
		echo "local_interfaces = <; 203.0.113.25 ; 203.0.113.26 ; 2001:db8:3::25"
		echo "tls_advertise_hosts ="
		exim_common "$dir"
		printf '%s\n' "begin acl" "rcpt:" "$@" "accept"
		printf '%s\n' "begin routers" "all:" "  driver = redirect" "  data = :blackhole:"
	} >"$dir/exim.conf"
	exim_start dest out
	wait_for 20 "the destination" port_open out 203.0.113.26 25
}
