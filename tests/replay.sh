#!/usr/bin/env bash
# Replays every capture in pcaps/ with the arguments of its .expect file and compares the
# alerts. A new case is two files, NAME.pcap (or .pcapng) and NAME.expect:
#
#     # what it shows
#     args: OPTIONS
#     exit: STATUS            only where it is not 0
#     alert KIND VERDICT MECHANISM server=ADDR:PORT client=ADDR count=N
#
# Exactly these alerts are left at the end, or the case fails. Each capture is read twice
# (the output must be the same, byte for byte), once more by the sanitizer build where
# there is one, and once with all types of events, each line of which must be valid.
#
# tests/replay.sh [NAME...]; RELAYWATCH names the program.
set -u
cd "$(dirname "$0")/.."

program=${RELAYWATCH:-./relaywatch}
sanitized=build/san-address-undefined/relaywatch
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0 cases=0

problem() {
    echo "$name: $1"
    failures=$((failures + 1))
}

# run PROGRAM OUTPUT [OPTION...]: the case's capture with its arguments
run() {
    local with=$1 output=$2
    shift 2
    "$with" "${args[@]}" "$@" -r "$capture" >"$work/$output" 2>"$work/$output.messages"
    local status=$?
    [ "$status" -eq "$wanted_status" ] && return 0
    problem "$with ended with $status instead of $wanted_status:"
    cat "$work/$output.messages"
}

compare() {
    sed -n '/^alert /p' "$expect" | LC_ALL=C sort >"$work/wanted"
    tests/final_alerts.py <"$work/first" | LC_ALL=C sort >"$work/got"
    diff -u --label "$expect" --label "found" "$work/wanted" "$work/got" ||
        problem "other alerts than expected"
}

replay() {
    read -r -a args <<<"$(sed -n 's/^args: *//p' "$expect")"
    wanted_status=$(sed -n 's/^exit: *//p' "$expect")
    wanted_status=${wanted_status:-0}
    run "$program" first
    run "$program" second
    cmp "$work/first" "$work/second" || problem "two runs gave different output"
    compare
    if [ -x "$sanitized" ]; then
        run "$sanitized" third
        cmp "$work/first" "$work/third" || problem "the sanitizer build differs"
    fi
    run "$program" all -l alert,smtp,proxy,stats
    cat "$work/all" >>"$work/events"
}

expects=("${@/#/pcaps/}")
[ $# -gt 0 ] && expects=("${expects[@]/%/.expect}") || expects=(pcaps/*.expect)
if [ ! -e "${expects[0]}" ]; then
    echo "no captures in pcaps/"
    exit 77
fi
for expect in "${expects[@]}"; do
    name=$(basename "$expect" .expect)
    capture=pcaps/$name.pcap
    [ -e "$capture" ] || capture=pcaps/$name.pcapng
    cases=$((cases + 1))
    replay
done
for capture in pcaps/*.pcap pcaps/*.pcapng; do
    name=$(basename "$capture")
    [ ! -e "$capture" ] || [ -e "${capture%.*}.expect" ] || problem "no .expect file"
done
name="events of all captures"
tests/validate_events.py "$work/events" || problem "invalid"

echo "$cases captures replayed, $failures problems"
[ "$failures" -eq 0 ]
