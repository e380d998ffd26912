#!/usr/bin/env bash
# The captures of make_attack, made by somebody who has read the source: what a packet of
# theirs costs, in ordinary packets, the memory, and that nobody hides behind them.
# RELAYWATCH names the program, TOOLS where the tools are.
set -u
cd "$(dirname "$0")/.."

program=${RELAYWATCH:-./relaywatch}
tools=${TOOLS:-build/default/tools}
home=(-H 192.0.2.0/24 -D example.org)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

fail() {
    echo "$1"
    failures=$((failures + 1))
}

# measured NAME: CPU time in microseconds, and peak memory in KB.
measured() {
    "$tools/measure" "$program" "${home[@]}" -r "$work/$1.pcap"
}

# least NAME: the least CPU time of some runs, which others disturb least.
least() {
    for _ in 1 2 3 4 5; do
        measured "$1"
    done | sort -n | awk 'NR == 1 { print $1 }'
}

# packets NAME
packets() {
    awk -v name="$1" '$1 == name { print $2 }' "$work/packets"
}

# What an ordinary packet costs by now.
measure_ordinary() {
    start=$(least empty)
    ordinary=$(awk -v all="$(least ordinary)" -v start="$start" \
        -v n="$(packets ordinary)" 'BEGIN { print (all - start) / n }')
}

# is_dear NAME TIMES: whether a packet costs more than so many ordinary ones, however
# often both are tried: others are at work, and the machine may be slower than it was.
# Leaves the memory in kb.
is_dear() {
    local run us
    for _ in 1 2 3 4 5; do
        run=$(measured "$1") || fail "$1: exit status $?"
        read -r us kb <<<"$run"
        awk -v us=$((us - start)) -v n="$(packets "$1")" -v one="$ordinary" \
            -v max="$2" 'BEGIN { exit us > max * one * n + 50000 }' && return 1
        measure_ordinary
    done
    return 0
}

# holds NAME TIMES MB
holds() {
    local kb
    is_dear "$1" "$2" && fail "$1: a packet costs more than $2 ordinary ones"
    [ "$kb" -le $(($3 * 1024)) ] || fail "$1: $kb KB of memory, more than $3 MB"
}

# finds NAME SIGNATURE: the alert is there whatever came between.
finds() {
    "$program" -q "${home[@]}" -r "$work/$1.pcap" |
        grep -q "\"signature_id\":$2," || fail "$1: no alert $2"
}

"$tools/make_attack" "$work" >"$work/packets" || exit 1
head -c 24 "$work/ordinary.pcap" >"$work/empty.pcap"
measure_ordinary

finds blinded 1002
finds flushed 2001
# Measured: a tenth of these times or less, two thirds of this memory. What has many is
# full of short lines or requests. They catch work that grows with what an attacker leaves
# behind, which is a hundred times as much, and no slow day.
while read -r name times mb; do
    holds "$name" "$times" "$mb"
done <<'END_OF_LIMITS'
misfits 200 40
nested 400 40
dotted 400 40
empties 800 40
noops 250 40
transactions 500 40
chunks 200 40
blanks 20 40
folds 300 40
percents 50 40
quotes 50 40
routes 50 40
same-one 20 80
same-many 20 120
rivals 120 120
rivals-one 700 80
posted 30 120
posted-one 150 80
alike 20 200
alike-one 20 200
connects 50 80
refusals 500 250
scan 150 800
flushed 100 600
dialers 60 600
drip 20 100
drip-mail 20 100
holes 20 250
middle 20 200
overlaps 20 100
waiting 25 400
storm 20 40
unknown 25 600
blinded 60 700
fragments 20 40
END_OF_LIMITS
[ "$failures" -eq 0 ]
