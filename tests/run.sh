#!/usr/bin/env bash
# Runs test programs one after the other and ends with one line: N passed, N failed,
# N skipped. Each argument is a command line. Exit status 77 of a test means skipped; its
# last line of output says why. What failed is shown in full.
set -u
cd "$(dirname "$0")/.."

passed=0 failed=0 skipped=0 failures=()
output=$(mktemp)
trap 'rm -f "$output"' EXIT

# Built programs are shown as "default test_conf" rather than by their long path.
name_of() {
    local name=${1#build/} words
    read -r -a words <<<"$1"
    case $1 in
    tests/fuzz.sh*) echo "${words[1]##*/}, fuzzed for ${words[2]} s" ;;
    *) echo "${name/\/tests\// }" ;;
    esac
}

for command in "$@"; do
    name=$(name_of "$command")
    started=$SECONDS
    bash -c "$command" >"$output" 2>&1 </dev/null
    status=$?
    case $status in
    0)
        passed=$((passed + 1))
        echo "ok      $name ($((SECONDS - started)) s)"
        ;;
    77)
        skipped=$((skipped + 1))
        echo "skipped $name: $(tail -n 1 "$output")"
        ;;
    *)
        failed=$((failed + 1))
        failures+=("$name")
        echo "FAILED  $name (exit status $status)"
        sed 's/^/    /' "$output"
        ;;
    esac
done

for name in ${failures[@]+"${failures[@]}"}; do
    echo "failed: $name"
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
