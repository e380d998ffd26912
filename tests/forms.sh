#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# What a capture shows does not depend on how it was saved: in every form that
# capture_forms.py writes (byte orders, units of time, pcapng with several interfaces,
# packed, in several files), as a file and through a pipe, it gives the same events. What
# may differ are file names and, where there are several files, packet numbers and the flow
# ids made of them.
#
# tests/forms.sh [CAPTURE...]; RELAYWATCH names the program.
set -u
cd "$(dirname "$0")/.."

program=${RELAYWATCH:-./relaywatch}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0 compared=0

captures=("$@")
[ $# -gt 0 ] || captures=(pcaps/campaign-rcpts-postfix.pcap pcaps/relay-ipv6-exim.pcap
    pcaps/proxy-connect-squid.pcap pcaps/relay-large-exim.pcap
    pcaps/benign-outbound-exim.pcap)

# events OUTPUT ARGUMENT...: with times, numbers and all
events() {
    local output=$1
    shift
    "$program" -q -l alert,smtp,proxy "${args[@]}" "$@" >"$work/json" 2>"$work/messages"
    echo "exit status $?" >"$output"
    sed -E 's/"pcap_filename": *"[^"]*",?//g' "$work/json" >>"$output"
}

# same WHAT PLAIN FOUND
same() {
    compared=$((compared + 1))
    cmp -s "$work/$2" "$work/$3" && [ ! -s "$work/messages" ] && return
    failures=$((failures + 1))
    echo "$1 gives other events or messages:"
    diff "$work/$2" "$work/$3" | cut -c 1-300 | head -n 8
    cat "$work/messages"
}

unnumbered() {
    sed -E 's/"(pcap_cnt|flow_id)": *[0-9]+,?//g' "$1"
}

for capture in "${captures[@]}"; do
    read -r -a args <<<"$(sed -n 's/^args: *//p' "${capture%.*}.expect")"
    events "$work/plain" -r "$capture"
    unnumbered "$work/plain" >"$work/plain.unnumbered"
    [ "$(wc -l <"$work/plain")" -gt 1 ] || echo "$capture: no events at all"
    rm -rf "$work/forms"
    mkdir "$work/forms"
    tests/tools/capture_forms.py "$capture" "$work/forms" || exit 1
    for form in "$work"/forms/*; do
        events "$work/found" -r "$form"
        if [ -d "$form" ]; then
            unnumbered "$work/found" >"$work/found.unnumbered"
            same "$capture as ${form##*/}" plain.unnumbered found.unnumbered
            continue
        fi
        same "$capture as ${form##*/}" plain found
        events "$work/found" -r - < <(cat "$form")
        same "$capture as ${form##*/} through a pipe" plain found
    done
done
echo "$compared forms of ${#captures[@]} captures, $failures with other events"
[ "$failures" -eq 0 ]
