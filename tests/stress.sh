#!/usr/bin/env bash
# The captures of make_stress, which ask for more than any mail server would: the facts,
# the memory and the time. RELAYWATCH names the program, TOOLS where the tools are.
set -u
cd "$(dirname "$0")/.."

program=${RELAYWATCH:-./relaywatch}
tools=${TOOLS:-build/default/tools}
home=(-H 192.0.2.0/24 -D example.org)
# Measured: 10 to 15 MB of peak memory for each of them, libraries included.
memory_max_kb=45000
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

# facts NAME: what its events say, one line a fact.
facts() {
    "$program" -q "${home[@]}" -l alert,smtp -r "$work/$1.pcap" | python3 -c '
import collections, json, sys
found, alerts = collections.Counter(), {}
for event in map(json.loads, sys.stdin):
    if event["event_type"] == "smtp":
        r = event["relaywatch"]
        size = r.get("size", 0)
        size = size if size > 1000000 else "small"
        found["smtp {outcome} rcpt={rcpt_count} accepted={rcpt_accepted} size={0}".format(
            size, **r)] += 1
    else:
        c = event["alert"]["context"]
        alerts[c["id"], c["verdict"], c["first_seen"]] = c
for c in alerts.values():
    delay = c.get("delay_ms")
    delay = "none" if delay is None else "early" if delay < 0 else \
        f"{round(delay / 3600000)}h"
    found["alert {verdict} delay={0} count={count}".format(delay, **c)] += 1
for line in sorted(found):
    print(found[line], line)'
}

# expect NAME, facts on standard input
expect() {
    facts "$1" >"$work/found"
    diff -u --label "$1: wanted" --label "$1: found" - "$work/found" && return
    failures=$((failures + 1))
    echo "again: $tools/make_stress /tmp $1 &&" \
        "$program -q ${home[*]} -l alert,smtp -r /tmp/$1.pcap"
}

# cpu CAPTURE: its CPU time in microseconds; the peak memory is held against the bound.
cpu() {
    local us kb
    read -r us kb < <("$tools/measure" "$program" "${home[@]}" \
        -l alert,smtp,proxy,stats -r "$1")
    echo "$(basename "$1" .pcap) $((us / 1000)) ms $((kb / 1024)) MB" >>"$work/measured"
    [ "$kb" -le "$memory_max_kb" ] ||
        echo "$1: $kb KB of memory, more than $memory_max_kb" >>"$work/too-much"
    echo "$us"
}

"$tools/make_stress" "$work" || exit 1
expect rcpt10k <<'END_OF_FACTS'
1 alert accepted delay=none count=1
1 smtp delivered rcpt=10000 accepted=9000 size=small
END_OF_FACTS
expect msg100m <<'END_OF_FACTS'
1 alert accepted delay=none count=1
1 smtp delivered rcpt=1 accepted=1 size=104858382
END_OF_FACTS
expect line10m <<'END_OF_FACTS'
1 alert accepted delay=none count=2
1 smtp delivered rcpt=1 accepted=1 size=10485864
1 smtp delivered rcpt=1 accepted=1 size=small
1 smtp rejected rcpt=0 accepted=0 size=small
END_OF_FACTS
expect tx100k <<'END_OF_FACTS'
100000 smtp delivered rcpt=1 accepted=1 size=small
END_OF_FACTS
expect delayed <<'END_OF_FACTS'
1 alert accepted delay=none count=0
1 alert confirmed delay=20h count=1
2 smtp delivered rcpt=1 accepted=1 size=small
END_OF_FACTS
expect stream-forward <<'END_OF_FACTS'
1 alert confirmed delay=early count=1
2 smtp delivered rcpt=1 accepted=1 size=small
END_OF_FACTS

: >"$work/too-much"
for name in rcpt10k msg100m line10m tx100k delayed stream-forward; do
    full=$(cpu "$work/$name.pcap")
    case $name in rcpt10k | msg100m | line10m | tx100k)
        size=$(stat -c %s "$work/$name.pcap")
        head -c $((size / 2)) "$work/$name.pcap" >"$work/half-$name.pcap"
        half=$(cpu "$work/half-$name.pcap")
        # Twice is linear; four times would be quadratic. 30 ms: starting, and noise.
        [ "$full" -le $((half * 3 + 30000)) ] || {
            echo "$name: half of it takes $half us, all of it $full us: not linear"
            failures=$((failures + 1))
        } ;;
    esac
done
if [ -s "$work/too-much" ]; then
    cat "$work/too-much"
    failures=$((failures + 1))
fi
paste -sd ';' "$work/measured" | sed 's/;/; /g'
[ "$failures" -eq 0 ]
