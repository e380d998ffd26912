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

# is_dear NAME TIMES: whether a packet costs more than so many ordinary ones, however
# often it is tried: others are at work, too. Leaves the memory in kb.
is_dear() {
    local us
    for _ in 1 2 3; do
        read -r us kb < <(measured "$1")
        awk -v us=$((us - start)) -v n="$(packets "$1")" -v one="$ordinary" \
            -v max="$2" 'BEGIN { exit us > max * one * n + 20000 }' && return 1
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
start=$(least empty)
ordinary=$(awk -v all="$(least ordinary)" -v start="$start" -v n="$(packets ordinary)" \
    'BEGIN { print (all - start) / n }')

finds blinded 1002
finds flushed 2001
# Measured: a third of this or less. What has many is full of short lines or requests.
while read -r name times mb; do
    holds "$name" "$times" "$mb"
done <<'END_OF_LIMITS'
misfits 120 40
nested 150 40
dotted 200 40
empties 400 40
noops 120 40
transactions 300 40
chunks 120 40
blanks 15 40
folds 150 40
percents 30 40
quotes 30 40
routes 30 40
same-one 8 80
same-many 10 120
rivals 60 120
rivals-one 250 80
posted 15 120
posted-one 80 80
alike 15 200
alike-one 15 200
connects 40 80
refusals 300 250
scan 80 800
flushed 60 600
dialers 40 600
drip 8 100
drip-mail 8 100
holes 10 250
middle 8 200
overlaps 8 100
waiting 12 400
storm 8 40
unknown 12 600
blinded 40 700
fragments 8 40
END_OF_LIMITS
[ "$failures" -eq 0 ]
