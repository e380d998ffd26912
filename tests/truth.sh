#!/usr/bin/env bash
# Generated traffic of every kind whose truth is known: as many events as there must be.
# RELAYWATCH names the program, TOOLS where the generator is.
set -u
cd "$(dirname "$0")/.."

program=${RELAYWATCH:-./relaywatch}
pcapgen=${TOOLS:-build/default/tools}/pcapgen
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0 cases=0

for profile in smtp mixed tiny flows; do
    for seed in 1 2026; do
        cases=$((cases + 1))
        "$pcapgen" -m "$profile" -s "$seed" -b 20M -o "$work/pcap" -t "$work/truth" || exit 1
        tests/bench/check_truth.py -w "$program" "$work/pcap" "$work/truth" \
            >"$work/log" 2>&1 && continue
        failures=$((failures + 1))
        echo "again: $pcapgen -m $profile -s $seed -b 20M -o /tmp/pcap -t /tmp/truth &&" \
            "tests/bench/check_truth.py -w $program /tmp/pcap /tmp/truth"
        grep -v '^ok' "$work/log"
    done
done
echo "$cases generated captures of 20 MB, $failures with other events than the truth"
[ "$failures" -eq 0 ]
