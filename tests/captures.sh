#!/usr/bin/env bash
# A thousand captures of other projects, of any kind: no crash, no false alarm
# (tests/captures.py). RELAYWATCH_CAPTURES names the folder, else ../shared/captures.
set -u
cd "$(dirname "$0")/.."

folder=${RELAYWATCH_CAPTURES:-../shared/captures}
sanitized=${SANITIZED:-build/san-address-undefined/relaywatch}
[ -d "$folder" ] || { echo "no captures in $folder"; exit 77; }
options=(-w "${RELAYWATCH:-./relaywatch}")
[ ! -x "$sanitized" ] || options+=(-s "$sanitized")
exec tests/captures.py "${options[@]}" "$folder"
