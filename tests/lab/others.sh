# shellcheck shell=bash
# Open relays of other kinds, so that no rule fits Postfix and Exim alone. Their packages are
# unpacked under .build where they cannot be installed beside Postfix. They keep no log that
# truth reads: what left is what the Postfix at the destination logged.

# unpacked NAME: the package's files.
unpacked() {
	UNPACKED=$LAB_DIR/.build/$1
	[ -d "$UNPACKED" ] || "$LAB_DIR/deps" "$1" >/dev/null || die "no $1: run tests/lab/deps"
}

server_opensmtpd() {
	local dir=$RUN/opensmtpd
	unpacked opensmtpd
	mkdir -p "$dir"
	printf '%s\n' "opensmtpd:x:64998:64998::/var/lib/opensmtpd/empty:/usr/sbin/nologin" \
		"opensmtpq:x:64997:64997::/nonexistent:/usr/sbin/nologin" >>"$RUN/etc/passwd"
	printf '%s\n' "opensmtpd:x:64998:" "opensmtpq:x:64997:" >>"$RUN/etc/group"
	cat >"$dir/smtpd.conf" <<-CONF
		listen on $SERVER port 25 hostname mx.example.org
		action out relay helo mx.example.org
		match from any for any action out
	CONF
	# shellcheck disable=SC2016
	spawn in sh -c 'mount -t tmpfs -o mode=711 none /var/spool && mkdir -m 711 /var/spool/smtpd &&
		mount -t tmpfs -o mode=755 none /var/lib && mkdir -p /var/lib/opensmtpd/empty &&
		mount -t tmpfs none /run && exec "$0/usr/sbin/smtpd" -d -v -f "$1"' \
		"$UNPACKED" "$dir/smtpd.conf" >"$dir/log" 2>&1
	wait_for 20 OpenSMTPD port_open in "$SERVER" 25
}

server_sendmail() {
	local dir=$RUN/sendmail
	unpacked sendmail
	mkdir -p "$dir/queue"
	sendmail_mc "$dir" | m4 >"$dir/sendmail.cf"
	spawn in "$UNPACKED/usr/libexec/sendmail/sendmail" -bD -q2s -C "$dir/sendmail.cf" \
		-X "$dir/traffic" >"$dir/log" 2>&1
	wait_for 20 sendmail port_open in "$SERVER" 25
}

# sendmail_mc DIRECTORY
sendmail_mc() {
	cat <<-CONF
		include(\`$UNPACKED/usr/share/sendmail/cf/m4/cf.m4')
		OSTYPE(\`linux')
		define(\`confDOMAIN_NAME', \`mx.example.org')
		define(\`confTO_IDENT', \`0')
		define(\`confPID_FILE', \`$1/pid')
		define(\`QUEUE_DIR', \`$1/queue')
		define(\`STATUS_FILE', \`$1/statistics')
		define(\`ALIAS_FILE', \`')
		define(\`confCW_FILE', \`-o $1/names')
		define(\`confDONT_BLAME_SENDMAIL', \`GroupWritableDirPathSafe')
		FEATURE(\`promiscuous_relay')
		FEATURE(\`accept_unresolvable_domains')
		LOCAL_DOMAIN(\`example.org')
		DAEMON_OPTIONS(\`Addr=$SERVER, Port=25, Name=MTA')
		FEATURE(\`no_default_msa')
		MAILER(\`local')
		MAILER(\`smtp')
	CONF
}

# A program that passes on what it hears, while it hears it.
server_aiosmtpd() {
	spawn in env PYTHONPATH="$LAB_DIR" PYTHONDONTWRITEBYTECODE=1 aiosmtpd -n -l "$SERVER:25" -c aiosmtpd_relay.Relay 203.0.113.25 25 \
		>"$RUN/aiosmtpd.log" 2>&1
	wait_for 20 aiosmtpd port_open in "$SERVER" 25
}
