#!/usr/bin/env bash
# Captures that TCP must treat the same give the same events: every mode of pcapmangle with
# two seeds, on every sample capture and on the SMTP captures of other projects where they
# are at hand (RELAYWATCH_CAPTURES, else ../shared/captures). What may differ is told in
# tests/same_events.py. RELAYWATCH names the program.
set -u
cd "$(dirname "$0")/.."

program=${RELAYWATCH:-./relaywatch}
folder=${RELAYWATCH_CAPTURES:-../shared/captures}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

shopt -s nullglob
captures=(pcaps/*.pcap pcaps/*.pcapng)
if [ -d "$folder" ]; then
    captures+=("$folder"/zeek/smtp*.pcap "$folder"/zeek/smtp/*.pcap
        "$folder"/zeek/smtp/*.pcapng "$folder"/zeek/tls/smtp-starttls.pcap
        "$folder"/zeek/http/connect-with-smtp.pcap "$folder"/zeek/communityid/ipv6.pcap
        "$folder"/ndpi/*smtp*)
    for packed in "$folder"/zeek/smtp/*.pcap.gz; do
        gzip -dc "$packed" >"$work/$(basename "$packed" .gz)"
        captures+=("$work/$(basename "$packed" .gz)")
    done
else
    echo "no captures in $folder: only those of pcaps/"
fi
if [ ${#captures[@]} -eq 0 ]; then
    echo "no captures"
    exit 77
fi
printf '%s\0' "${captures[@]}" | xargs -0 -P "$(nproc)" -n 4 tests/same_events.py \
    -w "$program" -m "${TOOLS:-build/default/tools}/pcapmangle" >"$work/log" 2>&1
status=$?
grep -v '^ok ' "$work/log"
echo "${#captures[@]} captures, $(grep -c '^ok ' "$work/log") the same in every variant"
[ "$status" -eq 0 ]
