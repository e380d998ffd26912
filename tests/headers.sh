#!/usr/bin/env bash
# Every header compiles alone, with the flags of the last default build.
set -u
cd "$(dirname "$0")/.."

flags=build/default/flags
if [ ! -e "$flags" ]; then
    echo "no default build yet"
    exit 77
fi
failures=0
for header in sensor/*.h analyzers/*.h; do
    # The file holds a shell command, quotes and all.
    eval "$(cat "$flags") -fsyntax-only -x c -" <<<"#include \"$(basename "$header")\"" || {
        echo "$header does not compile alone"
        failures=$((failures + 1))
    }
done
[ "$failures" -eq 0 ]
