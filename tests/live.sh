#!/usr/bin/env bash
# Live capture at a mirror port: real connections between network namespaces, over a bridge
# that floods every frame to the port of the sensor. Events are judged by their own times
# where it can be; where the clock of the wall is asked, slow machines have room.
# RELAYWATCH names the program.
set -u
cd "$(dirname "$0")/.."

program=$(realpath "${RELAYWATCH:-./relaywatch}")
lab=rwlive$$
failures=0
PATH=$PATH:/usr/sbin:/sbin

skip() {
    echo "$1"
    exit 77
}

[ "$(id -u)" -eq 0 ] || skip "needs root, for network namespaces"
for tool in ip python3 tcpdump setpriv; do
    command -v "$tool" >/dev/null || skip "needs $tool"
done
ip netns add "$lab-br" 2>/dev/null || skip "network namespaces are not allowed here"

work=$(mktemp -d)
chmod 755 "$work"
started=()
end() {
    local pid ns
    for pid in ${started[@]+"${started[@]}"}; do kill -KILL "$pid" 2>/dev/null; done
    wait
    for ns in br in out; do ip netns del "$lab-$ns" 2>/dev/null; done
    rm -rf "$work"
}
trap end EXIT

problem() {
    echo "$1"
    [ ! -s "$work/err" ] || sed 's/^/    /' "$work/err"
    failures=$((failures + 1))
}

# within SECONDS COMMAND...: until it succeeds.
within() {
    local tries=$(($1 * 20))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $((tries -= 1)) -gt 0 ] || return 1
        sleep 0.05
    done
}

net() { # NAMESPACE IP-ARGUMENTS...
    local ns=$lab-$1
    shift
    ip -n "$ns" "$@"
}

inside() { # NAMESPACE COMMAND...
    local ns=$lab-$1
    shift
    ip netns exec "$ns" "$@"
}

# start NAMESPACE COMMAND...: in the background until the end; its number is in $!.
start() {
    local ns=$lab-$1
    shift
    ip netns exec "$ns" "$@" &
    started+=($!)
}

# port NAMESPACE NAME ADDRESS...: a host on the bridge, everything else on its link.
port() {
    local ns=$1 name=$2 address
    shift 2
    net br link add "$name" type veth peer name eth0 netns "$lab-$ns"
    net br link set "$name" master br0 up
    net "$ns" link set lo up
    for address in "$@"; do net "$ns" address add "$address/32" dev eth0; done
    net "$ns" link set eth0 up
    net "$ns" route add default dev eth0
}

mirror() { # the port that the sensor watches, and the bridge's end of the cable
    net br link add span0 type veth peer name mirror0 &&
        net br link set mirror0 master br0 up && net br link set span0 up
}

ip netns add "$lab-in" && ip netns add "$lab-out" || skip "no more namespaces"
net br link add br0 type bridge ageing_time 0 || skip "no bridges in this kernel"
net br link set br0 up
port in inside0 192.0.2.25
port out outside0 198.51.100.7 198.51.100.8 198.51.100.9 198.51.100.66 203.0.113.25
mirror || skip "no veth devices in this kernel"

start out tests/live_mail.py serve 203.0.113.25
start in tests/live_mail.py serve 192.0.2.25 203.0.113.25
listens() {
    inside "$1" python3 -c 'import socket, sys
socket.create_connection((sys.argv[1], 25), 5)' "$2"
}
within 60 listens out 203.0.113.25 || problem "the lab: no server outside"
within 60 listens in 192.0.2.25 || problem "the lab: no server inside"

send() { # FROM RECIPIENT [COUNT [OCTETS]]
    local from=$1
    shift
    inside out timeout 120 tests/live_mail.py send "$from" 192.0.2.25 "$@"
}

cat >"$work/conf" <<END
home-net = { "192.0.2.0/24" }
local-domains = { "example.org" }
output { log = { "alert", "smtp", "stats" } stats-sec = 1 }
END

# watch ARGUMENT...: the sensor in the background, until it says that it watches.
watch() {
    : >"$work/err"
    start br "$program" -c "$work/conf" "$@" >"$work/out" 2>"$work/err"
    pid=$!
    within 60 grep -q ' watching ' "$work/err" || problem "does not start: $*"
}

# finish SIGNAL: ends it; its exit status is in $status.
finish() {
    kill -s "$1" "$pid" 2>/dev/null
    within 60 sh -c "! kill -0 $pid 2>/dev/null || grep -q '^State:.Z' /proc/$pid/status"
    wait "$pid" 2>/dev/null
    status=$?
}

alerts() { # FILE [PATTERN]: how many alert lines
    grep '"event_type":"alert"' "$1" 2>/dev/null | grep -cE -- "${2-}"
}

has() { # FILE PATTERN: an alert line like that
    [ "$(alerts "$1" "$2")" -gt 0 ]
}

# What cannot be watched, and what to do about it.
refused() { # STATUS PATTERN COMMAND...
    local wanted=$1 pattern=$2
    shift 2
    inside br timeout 60 "$@" >"$work/out" 2>"$work/err"
    [ $? -eq "$wanted" ] || problem "$*: not $wanted"
    grep -qE -- "$pattern" "$work/err" || problem "$*: does not say $pattern"
}
refused 66 '^relaywatch: -i: eth7: no such interface; there are: .*span0.*"any"' "$program" -i eth7
net br link add away0 type veth peer name away1
refused 66 'away0: the interface is down; ip link set away0 up' "$program" -i away0
refused 64 'filter "port port": .*syntax' "$program" -i span0 port port
refused 66 'span0: no permission.*CAP_NET_RAW' \
    setpriv --reuid 65534 --regid 65534 --clear-groups "$program" -i span0
echo 'capture { user = "nobody-of-this-name" }' >"$work/user.conf"
refused 78 'capture.user: nobody-of-this-name: no such user' "$program" -c "$work/user.conf" -i span0

# Alerts come within a second of the packet that confirms, and nothing is lost beside what
# tcpdump sees at the same port.
start br tcpdump -i span0 -s 0 -B 65536 -U -w "$work/span.pcap" 2>"$work/tcpdump"
tcpdump=$!
within 60 grep -q 'listening on' "$work/tcpdump" || problem "tcpdump does not start"
watch -i span0 -o "$work/events.json"
for id in Uid Gid; do
    grep -qP "^$id:\t(?!0\t)(\d+)\t\1\t\1\t\1\$" "/proc/$pid/status" || problem "$id was not changed"
done
for set in Prm Eff Inh Amb; do
    grep -qP "^Cap$set:\t0+\$" "/proc/$pid/status" || problem "capabilities are left: $set"
done
grep -qP '^NoNewPrivs:\t1$' "/proc/$pid/status" || problem "new privileges are to be had"
grep -qP '^Groups:\s*$' "/proc/$pid/status" || problem "groups are left"
tail --pid="$pid" -F -n +1 "$work/events.json" 2>/dev/null |
    tests/live_mail.py stamp >"$work/stamped" &
for client in 7 8 9; do
    send 198.51.100.$client victim@third.example
    within 30 has "$work/events.json" "\"client\":\"198.51.100.$client\".*confirmed|confirmed.*\"client\":\"198.51.100.$client\"" ||
        problem "no alert about 198.51.100.$client"
done
within 10 sh -c "[ \$(grep -c confirmed '$work/stamped') -ge 3 ]"
awk '/"verdict":"confirmed"/ { n++; if (n == 1 || $1 < least) least = $1; if ($1 > most) most = $1 }
    END { print n " alerts, " least " to " most " s after the packet"
          exit !(n >= 3 && least < 1 && most < 10) }' "$work/stamped" >"$work/delays" ||
    problem "alerts are late: $(cat "$work/delays")"
grep -q '"in_iface":"span0"' "$work/events.json" || problem "the interface is not named"
send 198.51.100.66 victim@refused.example 25
send 198.51.100.66 victim@third.example 12 2000
# Periodic stats, on a link that is quiet by now too.
lines=$(grep -c '"event_type":"stats"' "$work/events.json")
within 30 sh -c "[ \$(grep -c '\"event_type\":\"stats\"' '$work/events.json') -gt $((lines + 1)) ]" ||
    problem "no periodic stats events"
kill -INT "$tcpdump"
wait "$tcpdump"
finish TERM
[ "$status" -eq 0 ] || problem "SIGTERM: ended with $status"
tail -n 1 "$work/events.json" | grep '"event_type":"stats"' | grep -q '"servers":\[{' ||
    problem "SIGTERM: no last stats event"
grep -q '192.0.2.25:25 .*open (confirmed: plain)' "$work/err" || problem "SIGTERM: no summary"
grep '"event_type":"alert"' "$work/events.json" | tests/final_alerts.py >"$work/live"
"$program" -q -c "$work/conf" -r "$work/span.pcap" 2>"$work/err" | tests/final_alerts.py >"$work/saved"
diff -u "$work/saved" "$work/live" || problem "the saved capture gives other alerts"
grep -q ' refused .*client=198.51.100.66 count=25$' "$work/live" || problem "SIGTERM: counts are missing"
grep -q ' confirmed .*client=198.51.100.66 count=12$' "$work/live" || problem "SIGTERM: counts are missing"
dropped=$(grep -o '"kernel_drops":[0-9]*' "$work/events.json" | tail -n 1)
[ "$dropped" = '"kernel_drops":0' ] || problem "packets were dropped: $dropped"

tests/validate_events.py "$work/events.json" >"$work/faults" 2>&1 ||
    problem "events are not valid: $(cat "$work/faults")"

# As logrotate does it: the file is renamed, SIGHUP opens it anew.
rotate=$work/rotate
mkdir -m 777 "$rotate"
watch -i span0 -o "$rotate/events.json"
send 198.51.100.7 victim@third.example
within 30 has "$rotate/events.json" confirmed || problem "no alert before SIGHUP"
mv "$rotate/events.json" "$rotate/events.json.1"
kill -HUP "$pid"
within 30 test -e "$rotate/events.json" || problem "SIGHUP does not open the file anew"
before=$(alerts "$rotate/events.json.1")
send 198.51.100.8 victim@third.example
within 30 has "$rotate/events.json" 198.51.100.8 || problem "no alert in the new file"
[ "$(alerts "$rotate/events.json.1")" -eq "$before" ] || problem "the old file grows"
# Where that is not possible it goes on in the old one.
chmod 700 "$rotate"
mv "$rotate/events.json" "$rotate/events.json.2"
kill -HUP "$pid"
within 30 grep -q 'events.json: Permission denied: ' "$work/err" || problem "SIGHUP: a failure is not told"
send 198.51.100.9 victim@third.example
within 30 has "$rotate/events.json.2" 198.51.100.9 || problem "no alert in the file that stayed"

# Down and up again; removed and made anew: it goes on, without privileges, and sleeps.
ticks() {
    awk '{ print $14 + $15 }' "/proc/$pid/stat"
}
net br link set span0 down
within 30 grep -q 'span0 is down' "$work/err" || problem "an interface that goes down is not told"
before=$(ticks)
sleep 2
[ $(($(ticks) - before)) -lt 70 ] || problem "busy while the interface is down"
net br link set span0 up
within 30 grep -q 'span0 is up' "$work/err" || problem "an interface that comes up is not told"
send 198.51.100.7 other@third.example
within 30 sh -c "grep -c 'other@third.example' '$rotate/events.json.2' | grep -qv '^0'" ||
    problem "nothing is seen after the interface came up"
net br link del mirror0
within 30 grep -q 'span0 is gone' "$work/err" || problem "an interface that goes away is not told"
before=$(ticks)
sleep 3
[ $(($(ticks) - before)) -lt 100 ] || problem "busy while there is no interface"
[ "$(grep -c 'span0 is gone' "$work/err")" -eq 1 ] || problem "said more than once"
mirror
within 60 sh -c "[ \$(grep -c 'span0 is up' '$work/err') -eq 2 ]" || problem "the new interface is not watched"
net br -d link show span0 | grep -q 'promiscuity [1-9]' || problem "the new interface is not promiscuous"
send 198.51.100.8 anew@third.example
within 30 grep -q 'anew@third.example' "$rotate/events.json.2" ||
    problem "nothing is seen after the interface was made anew"
finish INT
[ "$status" -eq 0 ] || problem "SIGINT: ended with $status"

# Started without root but with the capability, as systemd does.
start br setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps +net_raw \
    --ambient-caps +net_raw "$program" -c "$work/conf" -i any tcp port 25 \
    >"$work/out" 2>"$work/err"
pid=$!
within 60 grep -q ' watching ' "$work/err" || problem "CAP_NET_RAW alone is not enough"
grep -qP '^CapPrm:\t0+$' "/proc/$pid/status" || problem "CAP_NET_RAW is left"
send 198.51.100.7 victim@third.example
within 30 has "$work/out" confirmed || problem "no alert with CAP_NET_RAW alone"
finish TERM

# Windows close on a quiet link.
sed 's/^output.*/alerts { window-sec = 2 }/' "$work/conf" >"$work/window.conf"
watch -c "$work/window.conf" -i span0
send 198.51.100.66 victim@refused.example 12
within 30 has "$work/out" '"count":12\b' || problem "a window does not close without packets"
finish TERM

# Filters and hints: nothing at all, one direction only, drops.
echo 'capture { quiet-sec = 1 buffer-bytes = 1048576 } output { stats-sec = 1 }' >>"$work/conf"
watch -i span0 -l alert port 26
send 198.51.100.7 victim@third.example
within 30 grep -q 'span0: not one packet in 1 s.*filter' "$work/err" || problem "silence is not told"
finish TERM
[ ! -s "$work/out" ] || problem "the filter lets mail through"
watch -i span0 -l alert,stats src host 192.0.2.25
for client in 7 8 9; do send 198.51.100.$client victim@third.example; done
within 60 grep -q 'are seen in one direction only: mirror both' "$work/err" || problem "no hint about one direction"
kill -STOP "$pid"
send 198.51.100.7 victim@third.example 1 8000000
kill -CONT "$pid"
within 60 grep -qE 'span0: [0-9]+ packets more were dropped .*buffer-bytes' "$work/err" || problem "drops are not told"
finish TERM
grep -qE '"kernel_drops":[1-9]' "$work/out" || problem "drops are not in the stats"

# Nobody reads any more.
mkfifo "$work/pipe"
exec 3<>"$work/pipe"
start br "$program" -c "$work/conf" -i span0 >"$work/pipe" 2>"$work/err" 3<&-
pid=$!
within 60 grep -q ' watching ' "$work/err" || problem "does not start into a pipe"
exec 3<&-
send 198.51.100.7 victim@third.example
within 30 grep -q 'standard output: Broken pipe' "$work/err" || problem "a closed pipe is not told"
finish TERM
[ "$status" -eq 71 ] || problem "a closed pipe is no error"

echo "$(cat "$work/delays" 2>/dev/null)"
[ "$failures" -eq 0 ] || echo "$failures problems"
[ "$failures" -eq 0 ]
