#!/usr/bin/env bash
# Runs one fuzz target for some seconds: tests/fuzz.sh PROGRAM SECONDS. It starts from
# tests/fuzz/seeds/NAME where that exists (what reads captures also from pcaps/), and keeps
# what it learns in build/corpus/NAME.
set -u
cd "$(dirname "$0")/.."

program=$1 seconds=$2
name=$(basename "$program")
corpus=build/corpus/$name
mkdir -p "$corpus"
seeds=()
[ -d "tests/fuzz/seeds/$name" ] && seeds=("tests/fuzz/seeds/$name")
[ "$name" != fuzz_capture ] || seeds+=(pcaps)
# A crashing input is left in the corpus' directory, and its octets in the output.
# libFuzzer's own exit code for a finding is 77, which here means skipped.
"$program" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=2048 -print_final_stats=1 \
    -error_exitcode=1 -artifact_prefix="$corpus-" "$corpus" \
    ${seeds[@]+"${seeds[@]}"} 2>&1 | tail -n 60
exit "${PIPESTATUS[0]}"
