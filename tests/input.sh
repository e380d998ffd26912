#!/usr/bin/env bash
# Captures that end too early, at every boundary there is, that cannot be read, or that
# are none, alone and among good ones; outputs that close. What tests/cli.sh has is not
# repeated. RELAYWATCH names the program.
set -u
cd "$(dirname "$0")/.."

program=$(realpath "${RELAYWATCH:-./relaywatch}")
open=$PWD/pcaps/relay-open-postfix.pcap
closed=$PWD/pcaps/closed-exim.pcap
home=(-H "192.0.2.0/24,2001:db8:1::/48" -D example.org)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0 cases=0

problem() {
    echo "$1"
    [ ! -s "$work/err" ] || head -n 20 "$work/err" | sed 's/^/    /'
    failures=$((failures + 1))
}

# check STATUS WHAT ARGUMENT...: ends so, names the file, and its output is whole lines.
check() {
    local wanted=$1 what=$2 status
    shift 2
    cases=$((cases + 1))
    "$program" -q "${home[@]}" "$@" >"$work/out" 2>"$work/err" </dev/null
    status=$?
    [ "$status" -eq "$wanted" ] || problem "$what: ended with $status instead of $wanted"
    [ ! -s "$work/out" ] || [ -z "$(tail -c 1 "$work/out")" ] ||
        problem "$what: the last line has no end"
    cat "$work/out" >>"$work/all"
}

says() {
    grep -qF -- "$1" "$work/err" || problem "does not say $1"
}

finds() {
    grep -qF -- "$1" "$work/out" || problem "finds no $1"
}

# Cut in the file header: no capture. Behind it, and behind each packet: a whole capture.
# In a packet's header or its octets: damaged.
boundaries=$(python3 - "$open" <<'PYTHON'
import struct, sys
data = open(sys.argv[1], "rb").read()
print(66, 1), print(66, 4), print(66, 23), print(0, 24)
at = 24
while at < len(data):
    end = at + 16 + struct.unpack_from("<I", data, at + 8)[0]
    print(65, at + 1), print(65, at + 15), print(65, at + 16), print(65, end - 1)
    print(0, end)
    at = end
PYTHON
)
while read -r status length; do
    head -c "$length" "$open" >"$work/cut.pcap"
    check "$status" "cut after $length octets" -r "$work/cut.pcap"
    [ "$status" -eq 0 ] || says cut.pcap
done <<<"$boundaries"

# Bad ones among good ones: the good ones are read, each bad one is named.
head -c $(($(stat -c %s "$open") - 5)) "$open" >"$work/cut.pcap"
head -c $(($(stat -c %s "$closed") - 5)) "$closed" >"$work/cut2.pcap"
check 65 "two damaged of three" -r "$work/cut.pcap" -r "$open" -r "$work/cut2.pcap"
says cut.pcap
says cut2.pcap
finds '"verdict":"confirmed"'
echo "no capture" >"$work/foreign.pcap"
check 66 "a foreign one first" -r "$work/foreign.pcap" -r "$open"
says foreign.pcap
check 66 "a missing one last" -r "$open" -r "$work/missing.pcap"
says missing.pcap

# Directories.
mkdir "$work/none" "$work/some"
check 66 "an empty directory" -r "$work/none"
says none
echo "nothing" >"$work/none/notes.txt"
check 66 "a directory without captures" -r "$work/none"
cp "$open" "$work/cut.pcap" "$work/cut2.pcap" "$work/some/"
check 65 "a directory with two damaged captures" -r "$work/some"
says cut.pcap
says cut2.pcap

# What may not be read, and what is no file.
if [ "$(id -u)" -ne 0 ]; then
    cp "$open" "$work/secret.pcap"
    chmod 0 "$work/secret.pcap"
    check 66 "an unreadable file" -r "$work/secret.pcap"
    says secret.pcap
elif command -v setpriv >/dev/null; then
    # As root every file can be read: as nobody, from a place that nobody can enter.
    cp "$open" "$work/secret.pcap" && chmod 0 "$work/secret.pcap" && chmod 711 "$work"
    cp "$program" "$work/relaywatch" && chmod 755 "$work/relaywatch"
    cases=$((cases + 1))
    setpriv --reuid=65534 --regid=65534 --clear-groups "$work/relaywatch" -q \
        -r "$work/secret.pcap" >"$work/out" 2>"$work/err"
    [ $? -eq 66 ] || problem "an unreadable file is no error"
    says secret.pcap
fi
check 66 "a device" -r /dev/null
mkdir "$work/deep.pcap"
check 66 "a directory named like a capture" -r "$work/deep.pcap"

# A reader that takes one line and goes.
cases=$((cases + 1))
"$program" -q "${home[@]}" -l smtp -r pcaps/*.pcap 2>"$work/err" | head -n 1 >"$work/out"
status=${PIPESTATUS[0]}
[ "$status" -eq 71 ] || [ "$status" -eq 0 ] || problem "| head -n 1: ended with $status"
finds event_type

python3 -c 'import json, sys
for line in sys.stdin: json.loads(line)' <"$work/all" || problem "a line is no JSON"

echo "$cases bad inputs, $failures problems"
[ "$failures" -eq 0 ]
