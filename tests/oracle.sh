#!/usr/bin/env bash
# SMTP envelopes as relaywatch reads them against tshark, an independent dissector: the
# sample captures, and the SMTP captures of other projects where they are at hand
# (RELAYWATCH_CAPTURES, else ../shared/captures). Every difference must be explained in
# tests/tools/tshark_differences.txt. RELAYWATCH names the program.
set -u
cd "$(dirname "$0")/.."

program=${RELAYWATCH:-./relaywatch}
mangle=${TOOLS:-build/default/tools}/pcapmangle
folder=${RELAYWATCH_CAPTURES:-../shared/captures}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

command -v tshark >/dev/null || { echo "no tshark"; exit 77; }
shopt -s nullglob
captures=(pcaps/*.pcap pcaps/*.pcapng)
# What goes through proxies stays out: tshark does not parse SMTP behind CONNECT, and pairs
# the replies to the HTTP lines of a POST with the commands behind them.
for i in "${!captures[@]}"; do
    [[ ${captures[i]} != pcaps/proxy-* ]] || unset "captures[i]"
done
if [ -d "$folder" ]; then
    captures+=("$folder"/zeek/smtp*.pcap "$folder"/zeek/smtp/* "$folder"/ndpi/*smtp*
        "$folder"/zeek/tls/smtp-starttls.pcap "$folder"/zeek/communityid/ipv6.pcap)
else
    echo "no captures in $folder: only those of pcaps/"
fi

# tshark wants one line a packet, and to be told of ports other than 25 and 587.
lines=()
for capture in "${captures[@]}"; do
    plain=$capture
    name=$(basename "$capture" .gz)
    if [ "$name.gz" = "$(basename "$capture")" ]; then
        plain=$work/unpacked
        gzip -dc "$capture" >"$plain" || exit 1
    fi
    case $name in
    mime-header-size-limit.pcap) cp "$plain" "$work/$name" ;; # minutes, line by line
    *) "$mangle" -m linewise "$plain" "$work/$name" || exit 1 ;;
    esac
    case $name in
    proxy-forward-*) lines+=("$work/$name:2525") ;;
    *) lines+=("$work/$name") ;;
    esac
done
printf '%s\0' "${lines[@]}" | xargs -0 -P "$(nproc)" -n 8 \
    tests/tools/smtp_oracle.py -w "$program" >"$work/log" 2>&1
status=$?
unexplained=$(grep -v -e ' -- explained: ' -e ', 0 unexplained differences$' "$work/log")
[ -z "$unexplained" ] || echo "${unexplained//$work\//}"
echo "${#captures[@]} captures, $(grep -c ' -- explained: ' "$work/log") differences" \
    "explained"
[ "$status" -eq 0 ]
