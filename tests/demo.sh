#!/usr/bin/env bash
# What a visitor sees first: every capture in pcaps/ replayed, its findings in one line
# each, then one of them in full as a SIEM gets it.
set -u
cd "$(dirname "$0")/.."

program=${RELAYWATCH:-./relaywatch}
shown=pcaps/relay-open-postfix
started=$(date +%s.%N)
captures=0 alerted=0 orderly=()

# JSON lines in; what is left of each finding at the end out, one line each.
findings() {
    awk '
        function value(key,    rest) {
            if (!match($0, "\"" key "\":\"?[^\",}]*")) return "-"
            rest = substr($0, RSTART, RLENGTH)
            sub("^\"" key "\":\"?", "", rest)
            return rest
        }
        {
            key = value("id") " " value("verdict")
            if (!(key in count)) order[++n] = key
            severity = substr("high  mediumlow   ", 6 * value("severity") - 5, 6)
            server = value("server")
            if (server ~ /:/) server = "[" server "]"
            line[key] = sprintf("%s  %-13s  %-12s  %s used by %s", severity,
                value("verdict"), value("mechanism"),
                server ":" value("server_port"), value("client"))
            count[key] = value("count")
        }
        END {
            for (i = 1; i <= n; i++)
                if (count[order[i]] > 0)
                    printf "    %s, %d x\n", line[order[i]], count[order[i]]
        }'
}

# The same case made with several servers is told once where all gave the same.
case_name= servers= told=
tell() {
    [ -z "$told" ] || printf '%s\n%s\n' "$case_name${servers:+ (${servers#, })}" "$told"
}

for expect in pcaps/*.expect; do
    name=$(basename "$expect" .expect)
    base=${name%-exim} && base=${base%-postfix}
    server=${name#"$base"}
    read -r -a args <<<"$(sed -n 's/^args: *//p' "$expect")"
    capture=pcaps/$name.pcap
    [ -e "$capture" ] || capture=pcaps/$name.pcapng
    found=$("$program" -q "${args[@]}" -r "$capture" | findings)
    captures=$((captures + 1))
    [ -z "$found" ] || alerted=$((alerted + 1))
    if [ "$base" != "$case_name" ] || [ "$found" != "$told" ]; then
        tell
        case_name=$base servers=
        [ -n "$found" ] || orderly+=("$base")
    fi
    servers="$servers${server:+, ${server#-}}" told=$found
done
tell

echo
echo "$((captures - alerted)) of $captures captures gave no alert, because what they show is in order:"
printf '%s, ' "${orderly[@]}" | sed 's/, $//' | fold -s -w 88 | sed 's/^/    /'
echo
echo
read -r -a args <<<"$(sed -n 's/^args: *//p' $shown.expect)"
echo "One alert in full, and what people are told at the end:"
echo
echo "\$ ./relaywatch ${args[*]} -r $shown.pcap"
"$program" "${args[@]}" -r "$shown.pcap" 2>&1 | grep -v '"count":0,\|"verdict":"accepted"'
echo
echo "All this took $(awk -v a="$started" -v b="$(date +%s.%N)" \
    'BEGIN { printf "%.1f", b - a }') seconds. pcaps/NAME.expect says what each shows."
