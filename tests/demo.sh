#!/usr/bin/env bash
# What a visitor sees first: every capture in pcaps/ replayed, its findings in one line
# each, then one of them in full as a SIEM gets it.
set -u
cd "$(dirname "$0")/.."

program=${RELAYWATCH:-./relaywatch}
shown=pcaps/relay-open-postfix
started=$(date +%s.%N)

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
            severity = substr("high  mediumlow", 6 * value("severity") - 5, 6)
            line[key] = sprintf("%-7s %-13s %-12s %s, port %s, used by %s", severity,
                value("verdict"), value("mechanism"), value("server"),
                value("server_port"), value("client"))
            count[key] = value("count")
        }
        END {
            for (i = 1; i <= n; i++)
                if (count[order[i]] > 0)
                    printf "    %s (%d times)\n", line[order[i]], count[order[i]]
        }'
}

captures=0 quiet=0
for expect in pcaps/*.expect; do
    name=$(basename "$expect" .expect)
    read -r -a args <<<"$(sed -n 's/^args: *//p' "$expect")"
    found=$("$program" -q "${args[@]}" -r "pcaps/$name.pcap" | findings)
    captures=$((captures + 1))
    if [ -z "$found" ]; then
        quiet=$((quiet + 1))
        continue
    fi
    echo "$name"
    echo "$found"
done
echo
echo "$quiet of $captures captures gave no alert: what they show is in order."
echo

read -r -a args <<<"$(sed -n 's/^args: *//p' $shown.expect)"
echo "One alert in full, and what is told to people at the end:"
echo
echo "\$ ./relaywatch ${args[*]} -r $shown.pcap"
"$program" "${args[@]}" -r "$shown.pcap"
echo
echo "All this took $(awk -v a="$started" -v b="$(date +%s.%N)" \
    'BEGIN { printf "%.1f", b - a }') seconds. pcaps/NAME.expect says what each shows."
