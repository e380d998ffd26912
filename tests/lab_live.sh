#!/usr/bin/env bash
# The live lab (tests/lab/live) with each mail server that is there: Exim unpacked by
# tests/lab/deps, Postfix where it is installed. Skipped where a namespace cannot be made.
set -u
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin:/sbin

skip() {
    echo "$1"
    exit 77
}

[ "$(id -u)" -eq 0 ] || skip "needs root for network namespaces"
for tool in ip nsenter unshare ethtool tcpdump dnsmasq openssl gcc; do
    command -v "$tool" >/dev/null || skip "no $tool here: see tests/lab/packages.txt"
done
probe=rwprobe$$
ip netns add "$probe" 2>/dev/null || skip "network namespaces are not allowed here"
ip -n "$probe" link add type bridge ageing_time 0 2>/dev/null
bridge=$?
ip netns del "$probe"
[ "$bridge" -eq 0 ] || skip "no bridges can be made here"

servers=()
exim=tests/lab/.build/exim/usr/sbin/exim4
[ -x "$exim" ] || tests/lab/deps exim >/dev/null 2>&1
[ -x "$exim" ] && ! ldd "$exim" | grep -q 'not found' && servers+=(exim)
command -v postfix >/dev/null && servers+=(postfix)
[ "${#servers[@]}" -gt 0 ] || skip "neither Exim nor Postfix: run tests/lab/deps"

status=0
for server in "${servers[@]}"; do
    echo "$server:"
    timeout 180 tests/lab/live "$server" || status=1
done
exit "$status"
