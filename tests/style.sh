#!/usr/bin/env bash
# What can be told by looking at the text: width, licence line, blanks, long functions.
set -u
shopt -s lastpipe # or what problems() counts at the end of a pipe is lost
cd "$(dirname "$0")/.."
failures=0

problems() { # TITLE, lines on standard input
    local lines
    lines=$(cat)
    [ -z "$lines" ] && return
    echo "$1:"
    echo "$lines"
    failures=$((failures + 1))
}

mapfile -t sources < <(find sensor analyzers tests -name .build -prune -o -name '*.[ch]' -print)

for file in "${sources[@]}"; do
    expand -t 8 "$file" | awk -v f="$file" 'length > 90 { print "  " f ":" NR }'
done | problems "wider than 90 columns"
for file in "${sources[@]}"; do
    head -n 1 "$file" | grep -qxF '/* SPDX-License-Identifier: BSD-2-Clause */' ||
        echo "  $file"
done | problems "first line names no licence"
grep -nE '[[:blank:]]+$' "${sources[@]}" | problems "blanks at the end of a line"
grep -nE '^typedef (struct|union|enum)' "${sources[@]}" | problems "typedef of a struct"
awk 'FNR == 1 { start = 0 }
    /^\{$/ { start = FNR }
    /^\}$/ && start { if (FNR - start > 63) print "  " FILENAME ":" start; start = 0 }' \
    "${sources[@]}" | problems "functions of more than 63 lines"
[ "$failures" -eq 0 ]
