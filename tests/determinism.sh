#!/usr/bin/env bash
# The same input gives the same octets; the order of -r, and packets split over several
# files, make no difference to the alerts. RELAYWATCH names the program.
set -u
cd "$(dirname "$0")/.."

program=${RELAYWATCH:-./relaywatch}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
home=(-H "192.0.2.0/24,2001:db8:1::/48" -D example.org)
failures=0 cases=0

problem() {
    echo "$1"
    failures=$((failures + 1))
}

# read_into OUTPUT CAPTURE...
read_into() {
    local output=$1 captures=()
    shift
    for capture in "$@"; do captures+=(-r "$capture"); done
    "$program" -q "${home[@]}" -l alert,smtp,proxy,stats "${captures[@]}" \
        >"$work/$output" 2>"$work/$output.err" || {
        problem "relaywatch ${captures[*]} failed"
        cat "$work/$output.err"
    }
}

# Alerts as counted, and every mail transaction without the place it was read from.
gist() {
    PYTHONPATH=tests python3 -c '
import final_alerts, io, json, sys
text = sys.stdin.read()
for event in map(json.loads, text.splitlines()):
    if event["event_type"] in ("smtp", "proxy"):
        for key in ("pcap_cnt", "pcap_filename", "flow_id"):
            event.pop(key, None)
        print(json.dumps(event, sort_keys=True))
sys.stdin = io.StringIO(text)
final_alerts.main()' <"$1" | LC_ALL=C sort
}

same_gist() { # WHAT OUTPUT OUTPUT
    cmp -s "$work/$2" "$work/$3" && return
    gist "$work/$2" >"$work/gist.1"
    gist "$work/$3" >"$work/gist.2"
    diff -u "$work/gist.1" "$work/gist.2" || problem "$1"
}

# split CAPTURE: $work/1.pcap and 2.pcap, cut in the middle.
split() {
    python3 - "$1" "$work" <<'PYTHON'
import struct, sys
data = open(sys.argv[1], "rb").read()
ends, at = [24], 24
while at < len(data):
    at += 16 + struct.unpack_from("<I", data, at + 8)[0]
    ends.append(at)
middle = ends[len(ends) // 2]
open(sys.argv[2] + "/1.pcap", "wb").write(data[:middle])
open(sys.argv[2] + "/2.pcap", "wb").write(data[:24] + data[middle:])
PYTHON
}

[ $# -gt 0 ] || set -- pcaps/*.pcap
for capture in "$@"; do
    cases=$((cases + 1))
    read_into whole "$capture"
    read_into again "$capture"
    cmp "$work/whole" "$work/again" || problem "$capture: two runs differ"
    split "$capture"
    read_into parts "$work/1.pcap" "$work/2.pcap"
    read_into turned "$work/2.pcap" "$work/1.pcap"
    same_gist "$capture: in two parts it gives other events" whole parts
    same_gist "$capture: the order of its parts makes a difference" parts turned
done
read_into forth "$@"
mapfile -t backwards < <(printf '%s\n' "$@" | sort -r)
read_into back "${backwards[@]}"
same_gist "all captures at once: the order makes a difference" forth back

echo "$cases captures, twice, in two parts and in either order: $failures problems"
[ "$failures" -eq 0 ]
