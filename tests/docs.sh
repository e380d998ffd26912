#!/usr/bin/env bash
# Holds help text, manual page, sample configuration and README to the code and to each
# other. RELAYWATCH names the program.
set -u
cd "$(dirname "$0")/.."

program=${RELAYWATCH:-./relaywatch}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
export LC_ALL=C

problem() {
    echo "$1"
    failures=$((failures + 1))
}

# same WHAT A B: two lists, one item a line, must be equal.
same() {
    sort -u "$work/$2" >"$work/$2.sorted"
    sort -u "$work/$3" >"$work/$3.sorted"
    [ -s "$work/$2.sorted" ] || problem "$1: $2 is empty"
    diff --label "$2" --label "$3" -u "$work/$2.sorted" "$work/$3.sorted" || problem "$1 differ"
}

# Options: help, manual page and code.
"$program" --help >"$work/help" || problem "--help fails"
sed -nE "s/^\t\{ \"([a-z-]+)\", [a-z_]+, NULL, '(.)' \},\$/-\2 --\1/p" sensor/options.c \
    >"$work/options in the code"
sed -nE 's/^  (-.), (--[a-z-]+).*/\1 \2/p' "$work/help" >"$work/options in the help"
sed -nE 's/^\.It Fl ([A-Za-z]) .*Fl Fl ([a-z-]+).*/-\1 --\2/p' sensor/relaywatch.8 \
    >"$work/options in the manual page"
same "options" "options in the code" "options in the help"
same "options" "options in the code" "options in the manual page"

# Exit codes.
sed -n '/^exit status/,/^$/p' "$work/help" | grep -oE '\b(0|[67][0-9])\b' \
    >"$work/exit codes in the help"
sed -n '/^\.Sh EXIT STATUS/,/^\.Sh EXAMPLES/p' sensor/relaywatch.8 |
    sed -nE 's/^\.It ([0-9]+)$/\1/p' >"$work/exit codes in the manual page"
sed -n '/Exit codes:/,/^$/p' README.md | grep -oE '\b(0|[67][0-9])\b' \
    >"$work/exit codes in README.md"
same "exit codes" "exit codes in the help" "exit codes in the manual page"
same "exit codes" "exit codes in the help" "exit codes in README.md"

# Configuration keys and defaults: sample and manual page (tests/test_conf.c holds the
# sample to the code).
section='/^[a-z]+ \{$/ { section = $1 "." } /^\}$/ { section = "" }'
sed -E 's/^(\t?)#([a-z])/\1\2/' systemd/relaywatch.conf |
    awk "$section"' /^\t?[a-z-]+ = / { sub(/^\t/, ""); print section $0 }' |
    tr -d '" ' >"$work/keys in the sample"
awk '/^\.Ss Section / { section = $3 "." } /^\.Sh ALERTS/ { exit }
    /^\.It Ic / { sub(/^\.It Ic /, ""); print section $0 }' sensor/relaywatch.8 |
    sed 's/\\(dq//g; s/\\ / /g' | tr -d '" ' >"$work/keys in the manual page"
same "configuration keys" "keys in the sample" "keys in the manual page"
sed -nE 's/^\t\{ (NULL|"([a-z]+)"), "([a-z-]+)", CONF_.*/\2.\3/p' sensor/conf_keys.c |
    sed 's/^\.//' >"$work/keys in the code"
sed 's/=.*//' "$work/keys in the sample" >"$work/key names in the sample"
same "configuration keys" "keys in the code" "key names in the sample"
"$program" -q -t -c systemd/relaywatch.conf || problem "the sample is not accepted"

# README: what it names exists, every source file is on its map.
grep -oE '`[a-z][A-Za-z_/.*-]*/[A-Za-z_/.*-]+`' README.md | tr -d '`' | sort -u |
    grep -v NAME | while read -r path; do
    compgen -G "$path" >/dev/null || echo "README.md names $path, which does not exist"
done >"$work/missing"
mapfile -t patterns < <(grep -oE '`[a-z][a-z_*]*\.c`' README.md | tr -d '`')
for source in sensor/*.c analyzers/*.c; do
    found=
    for pattern in "${patterns[@]}"; do
        # shellcheck disable=SC2053
        [[ ${source##*/} == $pattern ]] && found=1
    done
    [ -n "$found" ] || echo "$source is not on the map in README.md"
done >>"$work/missing"
grep -oE '`make [a-z-]+`|^make [a-z-]+|&& make [a-z-]+' README.md | grep -oE '[a-z-]+`?$' |
    tr -d '`' | sort -u | while read -r target; do
    grep -qE "^$target:" Makefile || echo "README.md names make $target, which is none"
done >>"$work/missing"
[ ! -s "$work/missing" ] || problem "$(cat "$work/missing")"

# README: every option in its command lines exists.
sed -n '/^```sh/,/^```$/p' README.md | grep relaywatch | sed 's/.*relaywatch//' |
    grep -oE ' -[A-Za-z]\b' | tr -d ' ' | sort -u >"$work/used"
cut -d' ' -f1 "$work/options in the code" | sort -u | comm -13 - "$work/used" |
    while read -r option; do echo "README.md uses $option, which is none"; done >"$work/missing"
[ ! -s "$work/missing" ] || problem "$(cat "$work/missing")"

# README: each line it shows of the demo is one that the demo prints. Times vary.
tests/demo.sh >"$work/demo" 2>&1
sed -n '/^```text demo$/,/^```$/{/^```/d;/^\.\.\.$/d;/^$/d;p}' README.md >"$work/shown"
[ -s "$work/shown" ] || problem "README.md shows nothing of the demo"
while IFS= read -r line; do
    grep -qxF -- "$line" "$work/demo" || problem "README.md shows, but the demo does not print: $line"
done <"$work/shown"

# README: the alerts as in the code.
sed -nE 's/^\t\{ ([12][0-9]{3}), ([123]), .*/\1 \2/p' analyzers/alert_names.c \
    >"$work/alerts in the code"
sed -nE 's/^\| ([12][0-9]{3}) \| ([123]) \|.*/\1 \2/p' README.md >"$work/alerts in README.md"
same "alerts" "alerts in the code" "alerts in README.md"

sed -n '/^\.Sh ALERTS/,/^\.Sh SIGNALS/p' sensor/relaywatch.8 |
    awk '/^\.It [0-9]+$/ { id = $2; getline; print id " " substr($1, 2, 1) }' \
    >"$work/alerts in the manual page"
same "alerts" "alerts in the code" "alerts in the manual page"

# README: the keys of the syslog line it shows are the code's.
sed -n '/^    open relay: /,/^$/p' README.md | tr ' ' '\n' | sed -nE 's/^([a-z_]+)=.*/\1/p' \
    >"$work/shown"
[ -s "$work/shown" ] || problem "README.md shows no syslog line"
while read -r key; do
    grep -qE "\"$key\"| $key=" analyzers/syslog_line.c ||
        problem "README.md shows $key= in a syslog line, which has none"
done <"$work/shown"

# One version everywhere.
version=$(sed -nE 's/^VERSION *= *//p' Makefile)
[ "$("$program" -V | head -n 1)" = "relaywatch $version" ] || problem "-V is not $version"
[ "$(sed -nE 's/^## ([0-9.]+).*/\1/p' CHANGELOG.md | head -n 1)" = "$version" ] ||
    problem "CHANGELOG.md does not begin with $version"

if command -v mandoc >/dev/null; then
    mandoc -T lint -W warning sensor/relaywatch.8 || problem "the manual page has faults"
fi

[ "$failures" -eq 0 ] || echo "$failures problems"
[ "$failures" -eq 0 ]
