#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# CPU time of relaywatch against that of `tcpdump -r FILE -w /dev/null`, on generated
# captures. tcpdump drifts by half between minutes, so the two run in turns and what
# counts is the median of the rounds' ratios; differences below a tenth mean nothing.
# As root tcpdump would give /dev/null to its own user: -Z root.
#
#	tests/bench/run.sh [ROUNDS]
#
# BENCH_DIR       where captures are kept (build/bench)
# BENCH_SIZE      of each capture (1G)
# BENCH_PROFILES  which of smtp mixed tiny flows (all)
# BENCH_CHECK     not empty: also hold the events against the truth (slow)
# RELAYWATCH      the program (./relaywatch)
set -eu

cd "$(dirname "$0")/../.."
rounds=${1:-7}
dir=${BENCH_DIR:-build/bench}
size=${BENCH_SIZE:-1G}
profiles=${BENCH_PROFILES:-smtp mixed tiny flows}
relaywatch=${RELAYWATCH:-./relaywatch}
home=(-H 192.0.2.0/24,10.0.0.0/8 -D example.org)

build() {
    local name=$1
    shift
    ${CC:-cc} -O2 -Wall -Wextra -std=c11 -D_GNU_SOURCE -o "$dir/$name" "$@"
}

median() {
    sort -n | awk '{ v[NR] = $1 }
        END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'
}

# Adds "CPU_us RSS_KB" to a file.
measured() {
    local file=$1
    shift
    "$dir/measure" "$@" >>"$file" || echo "$1 failed with code $?" >&2
}

bench() {
    local profile=$1 capture=$dir/$1-$size.pcap work
    if [ ! -s "$capture" ]; then
        "$dir/pcapgen" -m "$profile" -b "$size" -o "$capture.part" -t "$capture.truth"
        mv "$capture.part" "$capture"
    fi
    work=$(mktemp -d)
    cat "$capture" >/dev/null	# into the page cache
    for ((i = 0; i < rounds; i++)); do
        measured "$work/tcpdump" tcpdump -Z root -r "$capture" -w /dev/null
        measured "$work/relaywatch" \
            "$relaywatch" "${home[@]}" -q -r "$capture" -o /dev/null
    done
    paste "$work/tcpdump" "$work/relaywatch" | awk '{ print $3 / $1 }' >"$work/ratio"
    printf '%-8s %10.3f %12.3f %8.2f %10d %12d\n' "$profile" \
        "$(cut -d' ' -f1 "$work/tcpdump" | median | awk '{ print $1 / 1e6 }')" \
        "$(cut -d' ' -f1 "$work/relaywatch" | median | awk '{ print $1 / 1e6 }')" \
        "$(median <"$work/ratio")" \
        "$(cut -d' ' -f2 "$work/tcpdump" | median | awk '{ print int($1 / 1024) }')" \
        "$(cut -d' ' -f2 "$work/relaywatch" | median | awk '{ print int($1 / 1024) }')"
    rm -r "$work"
    if [ -n "${BENCH_CHECK:-}" ]; then
        tests/bench/check_truth.py -w "$relaywatch" "$capture" "$capture.truth" || true
    fi
}

mkdir -p "$dir"
build pcapgen tests/bench/pcapgen.c tests/bench/gen_*.c tests/tools/pcapwrite.c
build measure tests/bench/measure.c
if [ ! -x "$relaywatch" ]; then
    echo "$relaywatch is not there: run make first" >&2
    exit 66
fi
printf '%-8s %10s %12s %8s %10s %12s\n' profile 'tcpdump/s' 'relaywatch/s' ratio \
    'tcpdump/MB' 'relaywatch/MB'
for profile in $profiles; do
    bench "$profile"
done
