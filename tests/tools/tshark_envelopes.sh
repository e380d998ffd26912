#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# The SMTP envelopes of a capture as tshark (an independent dissector) reads them.
#
#	tshark_envelopes.sh [--raw] CAPTURE [PORT...]
#
# --raw: tshark's fields, as smtp_oracle.py reads them.
# PORT: further ports that carry SMTP (tshark knows 25 and 587). Needs Debian's tshark.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
show=("$here/smtp_oracle.py" --tshark)
if [ "$1" = --raw ]; then
    show=(cat)
    shift
fi
capture=$1
shift
decode=()
for port in "$@"; do
    decode+=(-d "tcp.port==$port,smtp")
done

fields=(frame.number tcp.stream ip.src ipv6.src tcp.srcport ip.dst ipv6.dst tcp.dstport
    smtp.command_line smtp.response.code)

tshark -n -o tcp.reassemble_out_of_order:TRUE -r "$capture" ${decode[@]+"${decode[@]}"} -Y smtp -T fields \
    -E separator=/t -E occurrence=a -E aggregator=$'\x1f' \
    "${fields[@]/#/-e}" 2>/dev/null | "${show[@]}"
