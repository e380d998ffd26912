#!/usr/bin/env bash
# Alerts through a real rsyslogd: facility and priority, one line each, text that its
# users can parse, JSON that mmjsonparse reads; a daemon that hangs or is away. In a mount
# namespace, where /dev/log is the test's own. RELAYWATCH names the program.
set -u
cd "$(dirname "$0")/.."

rsyslogd=$(PATH=$PATH:/usr/sbin:/sbin command -v rsyslogd) || { echo "rsyslogd is not installed"; exit 77; }
if [ "${1:-}" != inside ]; then
    unshare -m true 2>/dev/null || { echo "mount namespaces are not allowed here"; exit 77; }
    exec unshare -m "$0" inside
fi

program=$(realpath "${RELAYWATCH:-./relaywatch}")
open=pcaps/relay-open-postfix.pcap
home=(-q -H "192.0.2.0/24,2001:db8:1::/48" -D example.org)
work=$(mktemp -d)
daemon=
failures=0

clean_up() {
    [ -z "$daemon" ] || kill -KILL "$daemon" 2>/dev/null
    umount -R "$work/dev" 2>/dev/null
    rm -rf "$work"
}
trap clean_up EXIT

problem() {
    echo "$1"
    failures=$((failures + 1))
}

# A /dev with little more than the daemon's socket in it.
private_dev() {
    mkdir "$work/dev" && mount -t tmpfs -o mode=755 none "$work/dev" || return 1
    for name in null zero random urandom; do
        touch "$work/dev/$name" && mount --bind "/dev/$name" "$work/dev/$name" || return 1
    done
    ln -s /proc/self/fd "$work/dev/fd" && mount --rbind "$work/dev" /dev
}
private_dev 2>"$work/err" || { echo "no private /dev: $(cat "$work/err")"; exit 77; }

modules=$(find /usr/lib -name imuxsock.so -path '*/rsyslog/*' 2>/dev/null | head -n 1)
has_json=
[ -e "${modules%/*}/mmjsonparse.so" ] && has_json=1

{
    cat <<CONF
global(workDirectory="$work")
module(load="imuxsock" SysSock.Name="/dev/log" SysSock.RateLimit.Interval="0")
template(name="text" type="string"
    string="%syslogfacility-text% %syslogseverity-text% %programname% %msg%\n")
template(name="json" type="string" string="%parsesuccess% %\$!alert!context!verdict% %\$!alert!context!server% %\$!smtp!mail_from%\n")
action(type="omfile" file="$work/text" template="text")
CONF
    [ -z "$has_json" ] || cat <<CONF
module(load="mmjsonparse")
if \$syslogfacility-text == "local5" then {
    action(type="mmjsonparse")
    action(type="omfile" file="$work/json" template="json")
}
CONF
} >"$work/rsyslog.conf"

start_daemon() {
    "$rsyslogd" -n -i "$work/pid" -f "$work/rsyslog.conf" >"$work/rsyslogd" 2>&1 &
    daemon=$!
    for _ in $(seq 100); do
        [ -S /dev/log ] && return
        kill -0 "$daemon" 2>/dev/null || break
        sleep 0.1
    done
    echo "rsyslogd does not start:" && cat "$work/rsyslogd"
    exit 1
}

stop_daemon() {
    kill "$daemon" && wait "$daemon"
    daemon=
}

# arrive N PATTERN FILE: waits until so many lines match.
arrive() {
    local n=0
    for _ in $(seq 100); do
        n=$(grep -cE -- "$2" "$work/$3" 2>/dev/null)
        [ "${n:-0}" -ge "$1" ] && break
        sleep 0.1
    done
    [ "${n:-0}" -eq "$1" ] || problem "$3 has ${n:-0} lines like $2 instead of $1"
}

run() { # STATUS ARGUMENT...
    local wanted=$1 status
    shift
    timeout 60 "$program" "${home[@]}" "$@" >"$work/out" 2>"$work/err" </dev/null
    status=$?
    [ "$status" -eq "$wanted" ] ||
        problem "relaywatch $*: ended with $status instead of $wanted: $(cat "$work/err")"
}

start_daemon

# A saved capture sends too; standard output is what it is without.
run 0 -r "$open"
cp "$work/out" "$work/alerts"
run 0 -r "$open" -s
cmp -s "$work/out" "$work/alerts" || problem "-s changes standard output"
[ ! -s "$work/err" ] || problem "-s says something: $(cat "$work/err")"
alerts=$(wc -l <"$work/alerts")
arrive "$alerts" '^daemon ' text
grep -c '^daemon crit relaywatch  open relay: third-party mail accepted and forwarded (confirmed, plain): 198.51.100.7 through 192.0.2.25:25, 1 time; signature_id=1001 severity=1 ' \
    "$work/text" | grep -qx 1 || problem "no crit line: $(cat "$work/text")"
grep -q '^daemon warning .* signature_id=1002 .* count=1 ' "$work/text" ||
    problem "no warning line"
grep -q ' mail_from="<[^"]*>" rcpt="<user@third.example>" ' "$work/text" ||
    problem "no envelope"
for id in $(grep -o '"context":{"id":"[0-9a-f]*"' "$work/alerts" | cut -d'"' -f6 | sort -u); do
    grep -q " id=$id " "$work/text" || problem "finding $id is not there"
done
run 0 -r pcaps/closed-exim.pcap -s local3
arrive "$(wc -l <"$work/out")" '^local3 notice .* signature_id=1004 severity=3 ' text

# JSON, as mmjsonparse reads it.
printf 'output { syslog = true syslog-facility = local5 syslog-format = json }\n' >"$work/json.conf"
run 0 -r "$open" -c "$work/json.conf"
arrive "$alerts" '^local5 ' text
sed -n 's/^local5 [a-z]* relaywatch  @cee: //p' "$work/text" >"$work/events"
cmp -s "$work/events" "$work/alerts" || problem "the events differ from standard output's"
if [ -n "$has_json" ]; then
    arrive "$alerts" '^OK ' json
    grep -qx 'OK confirmed 192.0.2.25 <sales@client.example>' "$work/json" ||
        problem "mmjsonparse did not read it: $(cat "$work/json")"
    arrive 0 '^FAIL' json
fi

# A daemon that hangs holds nobody up for long, one that is away neither.
kill -STOP "$daemon"
started=$SECONDS
for capture in pcaps/campaign-*.pcap pcaps/proxy-*.pcap; do
    set -- "$@" -r "$capture"
done
shift
run 0 "$@" -s
[ $((SECONDS - started)) -lt 20 ] || problem "a daemon that hangs holds us up"
kill -CONT "$daemon"
grep -q 'alerts were not taken: /dev/log: ' "$work/err" ||
    problem "what was lost is not told: $(cat "$work/err")"
stop_daemon
rm -f /dev/log
run 0 -r "$open" -s
cmp -s "$work/out" "$work/alerts" || problem "without a daemon standard output changes"
run 0 -r "$open" -s -l stats
grep -qF "\"syslog\":{\"sent\":0,\"lost\":$alerts}" "$work/out" ||
    problem "the stats event does not count what was lost"
run 0 -r "$open" -s
grep -qF "syslog: $alerts of $alerts alerts were not taken: /dev/log: No such file" "$work/err" ||
    problem "a daemon that is away is not told: $(cat "$work/err")"

[ "$failures" -eq 0 ] || echo "$failures problems"
[ "$failures" -eq 0 ]
