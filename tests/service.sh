#!/usr/bin/env bash
# The systemd unit: what systemd says about it, and relaywatch in the state in which the
# unit starts it: its user, capability, files of /proc and system calls, with a service
# manager's socket. RELAYWATCH names the program.
set -u
cd "$(dirname "$0")/.."

exposure=13 # in tenths, as systemd-analyze counts; less is better
unit=systemd/relaywatch@.service
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

command -v systemd-analyze >/dev/null || { echo "systemd is not installed"; exit 77; }

# Read by name of a template: of the directory it is in, nothing else.
cp "$unit" "$work/" && cd "$work" || exit 1
SYSTEMD_COLORS=0 systemd-analyze security --offline=yes --no-pager --threshold="$exposure" \
    "./${unit##*/}" >"$work/security" 2>&1 || {
    echo "the unit's exposure is above $exposure:" && cat "$work/security"
    exit 1
}
cd - >/dev/null || exit 1

unshare -m -n true 2>/dev/null || { echo "namespaces are not allowed here"; exit 77; }
RELAYWATCH=$(realpath "${RELAYWATCH:-./relaywatch}") exec unshare -m -n tests/service.py "$unit"
