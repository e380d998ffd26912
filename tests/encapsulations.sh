#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# What a capture shows does not depend on how a span port or a tap delivers it: in every
# form that pcapwrap knows (link types, tags, tunnels, fragments) it gives the same alerts,
# envelopes and tunnels as the plain one. What may differ are packet numbers, the flow ids
# made of them, and VLAN ids.
#
# tests/encapsulations.sh [CAPTURE...]; RELAYWATCH names the program, TOOLS pcapwrap's
# directory, FORMS the forms to try.
set -u
cd "$(dirname "$0")/.."

program=${RELAYWATCH:-./relaywatch}
wrap=${TOOLS:-build/default/tools}/pcapwrap
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0 compared=0

captures=("$@")
[ $# -gt 0 ] || captures=(pcaps/campaign-rcpts-postfix.pcap pcaps/relay-ipv6-exim.pcap
    pcaps/proxy-connect-squid.pcap pcaps/proxy-connect-ipv6.pcap
    pcaps/relay-large-exim.pcap pcaps/benign-outbound-exim.pcap)
read -r -a forms <<<"${FORMS:-$("$wrap" -l | xargs)}"

# events CAPTURE OUTPUT: with its arguments, times and all; then what is left of alerts
events() {
    "$program" -q -l alert,smtp,proxy "${args[@]}" -r "$1" >"$work/json" 2>"$work/messages"
    echo "exit status $?" >"$2"
    sed -E 's/"(pcap_cnt|flow_id)": *[0-9]+,?//g; s/"vlan": *\[[^]]*\],?//g
        s/"pcap_filename": *"[^"]*",?//g' "$work/json" >>"$2"
    tests/final_alerts.py <"$work/json" >>"$2"
}

for capture in "${captures[@]}"; do
    read -r -a args <<<"$(sed -n 's/^args: *//p' "${capture%.*}.expect")"
    events "$capture" "$work/plain"
    [ "$(wc -l <"$work/plain")" -gt 1 ] || echo "$capture: no events at all"
    for form in "${forms[@]}"; do
        "$wrap" "$form" "$capture" "$work/wrapped.pcap" || exit 1
        events "$work/wrapped.pcap" "$work/found"
        compared=$((compared + 1))
        diff "$work/plain" "$work/found" >"$work/diff" && continue
        failures=$((failures + 1))
        echo "$capture as $form gives other events:"
        cut -c 1-300 "$work/diff" | head -n 8
        cat "$work/messages"
    done
done
echo "$compared conversions of ${#captures[@]} captures, $failures with other events"
[ "$failures" -eq 0 ]
