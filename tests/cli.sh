#!/usr/bin/env bash
# How the program behaves on the command line: exit codes, messages, outputs that fail,
# damaged input, signals. RELAYWATCH names the program.
set -u
cd "$(dirname "$0")/.."

program=$(realpath "${RELAYWATCH:-./relaywatch}")
open=pcaps/relay-open-postfix.pcap
closed=pcaps/closed-exim.pcap
home=(-H "192.0.2.0/24,2001:db8:1::/48" -D example.org)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

problem() {
    echo "$1"
    [ ! -s "$work/err" ] || sed 's/^/    /' "$work/err"
    failures=$((failures + 1))
}

# check STATUS MESSAGE ARGUMENT...: runs the program. MESSAGE is a regular expression that
# standard error must match; "" stands for nothing there at all.
check() {
    local wanted=$1 message=$2 status
    shift 2
    "$program" "$@" >"$work/out" 2>"$work/err" </dev/null
    status=$?
    [ "$status" -eq "$wanted" ] ||
        problem "relaywatch $*: ended with $status instead of $wanted"
    if [ -z "$message" ]; then
        [ ! -s "$work/err" ] || problem "relaywatch $*: says something"
    else
        grep -qE -- "$message" "$work/err" || problem "relaywatch $*: does not say $message"
    fi
}

printed() { # PATTERN [TIMES]: what the last check put on standard output
    local n
    n=$(grep -cE -- "$1" "$work/out")
    [ "$n" -eq "${2:-1}" ] || problem "standard output has $n lines like $1"
}

silent() {
    [ ! -s "$work/out" ] || problem "standard output is not empty"
}

# Help, version, mistakes.
check 0 "" --help
printed '^usage: relaywatch '
check 0 "" -V
printed '^relaywatch [0-9]+\.[0-9]+\.[0-9]+$'
printed '^(libpcap|nDPI|json-c|libConfuse)' 4
check 64 '^relaywatch: nothing to read' && silent
grep -qx 'relaywatch: see relaywatch --help' "$work/err" || problem "no way to the help"
check 64 '^relaywatch: -x: no such option$' -x
check 64 '^relaywatch: --frob: no such option$' --frob
check 64 '^relaywatch: -r: a value is missing$' -r
check 64 '^relaywatch: -i and -r: either' -i lo -r "$open"
check 66 '^relaywatch: -i: no\\x1bsuch: (no such interface|no permission)' -i $'no\esuch'
check 64 '^relaywatch: -s: frob: no such facility' -r "$open" -sfrob
check 64 '^relaywatch: -l: mails: no such type of event' -r "$open" -l alert,mails
check 64 '^relaywatch: -H: 192.0.2.0/33: the prefix length' -r "$open" -H 192.0.2.0/33
check 64 '^relaywatch: -D: a@example.org: ' -r "$open" -D a@example.org
check 64 '^relaywatch: -T: ' -r "$open" -T nonsense

# Input that cannot be opened.
check 66 '^relaywatch: .*no-such\.pcap' -r "$work/no-such.pcap" && silent
: >"$work/empty.pcap"
check 66 'empty\.pcap' -r "$work/empty.pcap"
echo "this is no capture at all, but a text" >"$work/text.pcap"
check 66 'text\.pcap' -r "$work/text.pcap"
check 66 'text\.pcap' "${home[@]}" -r "$open" "$work/text.pcap" && silent
check 66 '\\x1b\[31mred' -r $'\e[31mred'

# What it is there for.
check 0 'alerts +1 high' "${home[@]}" -r "$open"
printed '"verdict":"confirmed"'
cp "$work/out" "$work/alerts"
grep -qF '192.0.2.25:25' "$work/err" || problem "the server is not in the summary"
grep -q $'\r' "$work/err" && problem "a progress bar in a pipe"
check 0 "" -q "${home[@]}" -r "$open"
cmp -s "$work/out" "$work/alerts" || problem "-q changes the events"
"$program" -q "${home[@]}" -r - <"$open" >"$work/out" 2>"$work/err"
sed 's/"pcap_filename":"[^"]*"/"pcap_filename":"-"/g' "$work/alerts" |
    cmp -s - "$work/out" || problem "standard input gives other events than the file"
check 0 "" -q "${home[@]}" -o "$work/file" -r "$open" && silent
cmp -s "$work/file" "$work/alerts" || problem "-o gives other events"
mkdir "$work/evidence"
cp "$open" "$work/evidence/it"
ln -s evidence/it "$work/alias"
check 64 'is one of the captures' -r "$work/evidence" -o "$work/evidence/it" && silent
check 64 'is one of the captures' -r "$closed" "$work/evidence/it" -o "$work/alias" && silent
cmp -s "$work/evidence/it" "$open" || problem "a capture was overwritten"

# What a server calls itself is not proposed where a shell could take it for more.
LC_ALL=C sed 's/mx\.example\.org/m.$(reboot).xy/g' "$open" >"$work/name.pcap"
check 0 'Name the domains' -H 192.0.2.0/24 -r "$work/name.pcap"
check 0 'names: -D example\.org$' -H 192.0.2.0/24 -r "$open"

# Several captures, a directory, a filter.
mkdir "$work/traces"
cp "$open" "$closed" "$work/traces/"
echo "not a capture" >"$work/traces/README"
check 0 "" -q "${home[@]}" -r "$open" "$closed"
cut -c1-60 "$work/out" >"$work/both"
check 0 "" -q "${home[@]}" -r "$closed" -r "$open"
cut -c1-60 "$work/out" | cmp -s - "$work/both" || problem "the order of -r matters"
check 0 "" -q "${home[@]}" -r "$work/traces"
cut -c1-60 "$work/out" | cmp -s - "$work/both" || problem "a directory gives other events"
check 0 'alerts +0 high' "${home[@]}" -r "$open" port 26 && silent
check 0 'alerts +1 high' "${home[@]}" -r "$open" tcp port 25
check 64 'filter|syntax|expression' "${home[@]}" -r "$open" port port && silent
check 64 '^relaywatch: typo.pcap: no such file' "${home[@]}" -r "$open" typo.pcap
(
    cd "$work/traces" && : >tcp
    "$program" "${home[@]}" -r "${open#pcaps/}" -- tcp port 25 >out 2>err
) || problem "a filter behind -- is not taken for one"
rm -f "$work/traces/"{tcp,out,err}

# Damaged captures: the rest is analysed.
size=$(stat -c %s "$open")
head -c $((size - 10)) "$open" >"$work/cut.pcap"
check 65 'cut\.pcap' "${home[@]}" -r "$work/cut.pcap"
printed '"verdict":"confirmed"'
check 65 'cut\.pcap' -q "${home[@]}" -r "$work/cut.pcap" "$closed"
cut_and_whole=$(grep -c . "$work/out")
"$program" -q "${home[@]}" -r "$closed" >"$work/whole" 2>"$work/err"
[ "$cut_and_whole" -gt "$(grep -c . "$work/whole")" ] ||
    problem "a damaged capture keeps others from being read"

# The configuration.
cat >"$work/good.conf" <<END
home-net = { "192.0.2.0/24" }
local-domains = { "example.org" }
END
check 0 'in order' -t -c "$work/good.conf" && silent
check 0 "" -t -q -c systemd/relaywatch.conf
check 0 'alerts +1 high' -c "$work/good.conf" -r "$open"
check 0 'None of the hosts' -c "$work/good.conf" -H 203.0.113.128/25 -r "$open"
printf 'sensor {\n\tflows = many\n}\n' >"$work/bad.conf"
check 78 'bad\.conf: line 2: sensor\.flows: "many": ' -t -c "$work/bad.conf"
check 78 'bad\.conf: line 2' -c "$work/bad.conf" -r "$open" && silent
check 78 'no-such\.conf: No such file' -c "$work/no-such.conf" -r "$open"
check 64 '^relaywatch: -H: ' -t -H 192.0.2.0/33

# Outputs that fail.
check 71 '/no/such/place' "${home[@]}" -o /no/such/place -r "$open"
check 71 '/dev/full' "${home[@]}" -o /dev/full -r "$open"
"$program" "${home[@]}" -r "$open" >/dev/full 2>"$work/err"
[ $? -eq 71 ] || problem "a full disk behind standard output is no error"
grep -q 'standard output' "$work/err" || problem "the output is not named"
{
    sleep 0.2 # until the reader is gone
    "$program" "${home[@]}" -r "$open" 2>"$work/err"
    echo $? >"$work/status"
} | true
[ "$(cat "$work/status")" -eq 71 ] || problem "a closed pipe is no error"
"$program" "${home[@]}" -r "$open" >&- 2>"$work/err"
[ $? -eq 71 ] || problem "closed standard output is no error"
"$program" --help >/dev/full 2>"$work/err"
[ $? -eq 71 ] || problem "help that did not arrive is no error"

# What a person must be told.
check 0 'None of the hosts is in home-net \(private networks' -r "$open" && silent
grep -q -- '-H 192\.0\.2\.0/24' "$work/err" || problem "no -H line to use"
check 0 'No local domains were given' -H 192.0.2.0/24 -r "$open"
grep -qE -- '-D [a-z.,]*example\.org' "$work/err" || problem "no -D line to use"
check 0 'read +0 packets' -r "$open" port 1

# Signals: what was read is judged, and the exit code is that of an ordinary end.
for signal in INT TERM; do
    mkfifo "$work/pipe.$signal"
    "$program" "${home[@]}" -r - <"$work/pipe.$signal" >"$work/out" 2>"$work/err" &
    pid=$!
    exec 3>"$work/pipe.$signal"
    cat "$open" >&3
    sleep 0.5
    kill -s "$signal" "$pid"
    for ((i = 0; i < 100; i++)); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    kill -KILL "$pid" 2>/dev/null # it waits for more, in spite of the signal
    wait "$pid"
    status=$?
    exec 3>&-
    [ "$status" -eq 0 ] || problem "SIG$signal: ended with $status"
    grep -q 'ended on request' "$work/err" || problem "SIG$signal: not told"
    printed '"verdict":"confirmed"'
done

[ "$failures" -eq 0 ] || echo "$failures problems"
[ "$failures" -eq 0 ]
