#!/usr/bin/env bash
# Ten captures, damaged at random in 200 ways each (tests/damage.py), for the sanitizer
# build: no crash, no report, valid output. RELAYWATCH names another program.
set -u
cd "$(dirname "$0")/.."

program=${RELAYWATCH:-build/san-address-undefined/relaywatch}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
[ -x "$program" ] || { echo "no sanitizer build"; exit 77; }
captures=(relay-open-postfix relay-bdat-exim relay-pipelining-postfix relay-ipv6-exim
    tricks-open-postfix submission-auth-exim starttls-local-postfix proxy-chain
    proxy-socks-dante proxy-connect-squid)
printf 'pcaps/%s.pcap\0' "${captures[@]}" | xargs -0 -P "$(nproc)" -n 1 \
    tests/damage.py -w "$program" -n "${VARIANTS:-200}" >"$log" 2>&1
status=$?
grep -v '^ok ' "$log"
echo "${#captures[@]} captures in ${VARIANTS:-200} damaged variants each," \
    "$(grep -c '^ok ' "$log") of them done"
[ "$status" -eq 0 ]
