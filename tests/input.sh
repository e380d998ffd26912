#!/usr/bin/env bash
# Captures that end too early, at every boundary there is, that cannot be read, or that
# are none, alone and among good ones; outputs that close. What tests/cli.sh has is not
# repeated. RELAYWATCH names the program, TOOLS the directory of measure.
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

# Packed ones: what was whole is read, the file is named; among good ones, too.
gzip -c "$open" >"$work/good.gz"
zstd -qc "$open" >"$work/good.zst"
check 0 "gzip" -r "$work/good.gz"
finds '"verdict":"confirmed"'
check 0 "zstd" -r "$work/good.zst"
finds '"verdict":"confirmed"'
for packed in good.gz good.zst; do
    size=$(stat -c %s "$work/$packed")
    head -c $((size - 3)) "$work/$packed" >"$work/cut.$packed"
    check 65 "$packed cut short" -r "$work/cut.$packed"
    says "cut.$packed: packet "
    says "packed data cut short"
    (cat "$work/$packed" && echo garbage) >"$work/tail.$packed"
    check 65 "$packed with garbage behind" -r "$work/tail.$packed"
    says "tail.$packed: packet "
    finds '"verdict":"confirmed"'
    for length in 1 2 3 5 10 12 19; do
        head -c $length "$work/$packed" >"$work/stub"
        check 66 "the first $length octets of $packed" -r "$work/stub"
        says stub
    done
    gzip -c "$work/$packed" >"$work/twice"
    check 66 "$packed packed again" -r "$work/twice"
    says "packed twice"
done
gzip -c README.md >"$work/foreign.gz"
check 66 "packed, but no capture" -r "$work/foreign.gz"
says "not a capture file"
check 65 "a damaged packed one among good ones" -r "$open" "$work/cut.good.gz" "$closed"
mkdir "$work/rotated"
cp "$work/good.gz" "$work/foreign.gz" README.md pcaps/relay-open-postfix.expect "$work/rotated/"
cp "$closed" "$work/rotated/closed.pcap.1"
check 0 "a directory of rotated captures and other things" -r "$work/rotated"
finds '"verdict":"confirmed"'
[ ! -s "$work/err" ] || problem "what is no capture in a directory is told"

# Octets that unpack to many more cost time in proportion, and no memory: 200 MB of blocks
# that nobody needs, from some 200 KB; and packets without octets.
cases=$((cases + 1))
python3 - "$work/bomb.gz" "$work/empty.gz" <<'PYTHON'
import gzip, struct, sys
section = struct.pack("<IIIHHqI", 0x0a0d0d0a, 28, 0x1a2b3c4d, 1, 0, -1, 28)
block = struct.pack("<II", 0xbad, 10000000) + bytes(9999988) + struct.pack("<I", 10000000)
gzip.open(sys.argv[1], "wb", 6).write(section + 20 * block)
header = struct.pack("<IHHIIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1)
gzip.open(sys.argv[2], "wb", 6).write(header + bytes(16 * 500000))
PYTHON
for bomb in bomb empty; do
    read -r _ kb < <(timeout 60 "${TOOLS:-build/default/tools}/measure" "$program" -q \
        -r "$work/$bomb.gz" 2>"$work/err" | tail -n 1)
    [ "${kb:-999999}" -lt 45000 ] || problem "$bomb.gz takes ${kb:-unknown} KB of memory"
done

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
