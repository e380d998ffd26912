# shellcheck shell=bash
# The outside senders. Each session's transcript is $RUN/clients/NNN, in swaks' notation:
# what was said behind "->", what was answered behind "<-" or "<**", "~" where TLS hides it.

SESSIONS=0

# letter FILE "FROM" "TO" "SUBJECT" [PARAGRAPHS]: writes a message of a kind people send.
letter() {
	local i n=${5-3}
	LETTERS=$((${LETTERS-0} + 1))
	{
		echo "Date: $(LC_ALL=C date -R)"
		echo "From: $2"
		echo "To: $3"
		echo "Subject: $4"
		echo "Message-ID: <$(date +%Y%m%d%H%M%S).$LETTERS.${NAME//[^a-z0-9]/}@mail.client.example>"
		echo "MIME-Version: 1.0"
		echo "Content-Type: text/plain; charset=utf-8"
		echo
		for ((i = 1; i <= n; i++)); do
			echo "$4, part $i of $n (letter $LETTERS)."
			echo "We have looked into the matter you wrote about and can offer you the same"
			echo "terms as last year. Please answer before the end of the month; after that"
			echo "the offer no longer holds."
			echo
		done
		echo "Yours faithfully"
		echo "the sales office"
	} >"$1"
}

transcript() {
	SESSIONS=$((SESSIONS + 1))
	TRANSCRIPT=$(printf '%s/clients/%03d' "$RUN" "$SESSIONS")
	echo "=== session client=$1 server=$2" >"$TRANSCRIPT"
}

endpoint() {
	case $1 in
	*:*) echo "[$1]:$2" ;;
	*) echo "$1:$2" ;;
	esac
}

# swaks_from CLIENT PORT SWAKS-ARGS...: a session with the organisation's server. A refusal
# is a result, a failure to talk at all is an error.
swaks_from() {
	local client=$1 port=$2 to=$SERVER family=-4 status=0
	shift 2
	case $client in *:*) to=$SERVER6 family=-6 ;; esac
	transcript "$client" "$(endpoint "$to" "$port")"
	in_ns out swaks "$family" --server "$to" --port "$port" --local-interface "$client" \
		--helo mail.client.example --timeout 60 "$@" >>"$TRANSCRIPT" 2>&1 || status=$?
	case $status in
	0 | 2[0-9]) ;;
	*)
		cat "$TRANSCRIPT" >&2
		die "swaks ended with $status"
		;;
	esac
}

# mail CLIENT FROM TO[,TO...] [SWAKS-ARGS...]: one ordinary message to port 25.
mail() {
	mail_port 25 "$@"
}

mail_port() {
	local port=$1 client=$2 from=$3 to=$4
	shift 4
	letter "$RUN/letter" "Sales <${from:-office@client.example}>" "${to%%,*}" \
		"${SUBJECT-Your enquiry}" "${PARAGRAPHS-3}"
	swaks_from "$client" "$port" --from "${from:-<>}" --to "$to" --data "@$RUN/letter" "$@"
}

# talk_from CLIENT PORT [TALK-ARGS...] <script: for what swaks cannot say (see talk).
talk_from() {
	local client=$1 port=$2 to=$SERVER
	shift 2
	case $client in *:*) to=$SERVER6 ;; esac
	transcript "$client" "$(endpoint "$to" "$port")"
	in_ns out "$LAB_DIR/talk" "$@" "$client" "$to" "$port" >>"$TRANSCRIPT" || {
		cat "$TRANSCRIPT" >&2
		die "the conversation failed"
	}
}

# server_transcript CLIENT: what Postfix saw of a client that keeps none, turned round
# (debug_peer_list). Of one session. The message is not in the log, its end is.
server_transcript() {
	transcript "$1" "$SERVER:25"
	sed -nE "s/.*smtpd\\[[0-9]+\\]: < [^ ]+\\[$1\\]: / -> /p
		s/.*smtpd\\[[0-9]+\\]: > [^ ]+\\[$1\\]: ([45])/<** \\1/p
		s/.*smtpd\\[[0-9]+\\]: > [^ ]+\\[$1\\]: /<-  /p" "$RUN/mx/log" |
		sed '/^<-  354/a\ -> .' >>"$TRANSCRIPT"
}

# --- waiting for what the server logs ----------------------------------------------------

server() {
	"server_$MTA" "$@"
}

delivered_pattern() {
	case $MTA in
	postfix) echo 'status=sent' ;;
	exim) echo ' [=-]> ' ;;
	esac
}

# wait_logged COUNT PATTERN [SECONDS]: lines of the organisation's server.
wait_logged() {
	wait_for "${3-30}" "$1 lines '$2' in the server's log" logged "$1" "$2"
}

logged() {
	[ "$(grep -cE -- "$2" "$RUN/mx/log")" -ge "$1" ]
}

# wait_delivered COUNT [SECONDS]: recipients delivered, here or elsewhere.
wait_delivered() {
	wait_logged "$1" "$(delivered_pattern)" "${2-30}"
}

# --- scripts for talk --------------------------------------------------------------------

# transaction FROM TO[ TO...]: a message of its own for each call.
transaction() {
	local to
	TALKED=$((${TALKED-0} + 1))
	letter "$RUN/talk$TALKED" "Sales <office@client.example>" "undisclosed-recipients:;" \
		"${SUBJECT-Special offer}" "${PARAGRAPHS-1}"
	echo "> MAIL FROM:<$1>"
	shift
	for to; do
		echo "> RCPT TO:<$to>"
	done
	echo "letter $RUN/talk$TALKED"
}

# relay_tests USER DOMAIN: the recipients of nmap's smtp-open-relay, in its order. %d in USER
# becomes the number of the test.
relay_tests() {
	local ip="[$SERVER]" host=mx.example.org user domain=$2 i=0 form
	for form in 'U@D' 'U@D' 'U@D' 'U@D' 'U%D@I' 'U%D@H' '"U@D"' '"U%D"' 'U@D@I' '"U@D"@I' \
		'U@D@H' '@I:U@D' '@H:U@D' 'D!U' 'D!U@I' 'D!U@H'; do
		i=$((i + 1)) user=${1//%d/$i}
		form=${form//U/$user} form=${form//D/$domain}
		form=${form//I/$ip} form=${form//H/$host}
		echo "> RSET"
		transaction "$(relay_test_sender "$i" "$domain")" "$form"
	done
}

relay_test_sender() {
	case $1 in
	1) ;;
	2) echo "antispam@$2" ;;
	3) echo "antispam@mx.example.org" ;;
	*) echo "antispam@[$SERVER]" ;;
	esac
}

# --- nmap --------------------------------------------------------------------------------

# nmap_scan: smtp-open-relay of nmap itself. It sends no message, so each of its forms goes
# to the server with one beforehand, and the server's log says what comes of it (nmap-record).
nmap_scan() {
	local ended=': removed|Completed'
	{
		printf '%s\n' "<" "> EHLO third.example"
		relay_tests relaytest third.example
		echo "> QUIT"
	} >"$RUN/script"
	talk_from 198.51.100.9 25 <"$RUN/script"
	mv "$TRANSCRIPT" "$RUN/forms"
	wait_logged "$(grep -cE 'queued as|OK id=' "$RUN/forms")" "$ended"
	wait_for 60 "connections to end" connections_ended
	cp "$RUN/mx/log" "$RUN/forms.log"
	: >"$RUN/mx/log"
	capture_start
	net out route replace 192.0.2.0/24 via 192.0.2.1 src 198.51.100.66
	in_ns out nmap -v -n -Pn -sT -p 25 --script smtp-open-relay --script-trace --script-args \
		smtp-open-relay.domain=third.example,smtp-open-relay.from=antispam,smtp-open-relay.to=relaytest \
		"$SERVER" >"$RUN/nmap.log" 2>&1 || die "nmap failed"
	capture_stop
	transcript 198.51.100.66 "$SERVER:25"
	"$LAB_DIR/nmap-talk" <"$RUN/nmap.log" >>"$TRANSCRIPT"
	"$LAB_DIR/nmap-record" "$RUN" >"$RUN/nmap" || die "nmap's forms are unclear"
	BESIDE="nmap"
}
