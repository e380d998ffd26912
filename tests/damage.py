#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Damages captures at random and runs relaywatch, best a sanitizer build, on each.

    damage.py -w RELAYWATCH [-n VARIANTS] CAPTURE...
    damage.py -k FILE CAPTURE:NUMBER        writes that variant, to look at it

Variants are numbered; a number always gives the same one. Even ones change octets
anywhere behind the file header, so also lengths, times and headers of packets. Odd ones
change TCP payload only and make the checksums right again, so that the damage is not
sorted out before the parsers. Every fourth is also cut at a random place.
"""
import argparse
import itertools
import os
import random
import struct
import sys
import tempfile
import zlib

import sound

FILE_HEADER = 24
PACKET_HEADER = 16
LIKED = b"\r\n\0\xff<>: .%@\x05\x04\x80\x7f"
TEXTS = (b"\r\n.\r\n", b"BDAT 99999999 LAST\r\n", b"\r\nSTARTTLS\r\n", b"\r\nDATA\r\n",
    b"250 ", b"354 ", b"421 ", b"AUTH PLAIN ", b"CONNECT ", b"\r\n\r\n", b"HTTP/1.1 200",
    b"\x05\x01\x00", b"\x04\x01\x00\x19", b"\x16\x03\x01", b"PROXY TCP4 ")
OPTIONS = ["-H", "192.0.2.0/24,2001:db8:1::/48", "-D", "example.org"]


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xffff) + (total >> 16)
    return ~((total & 0xffff) + (total >> 16)) & 0xffff


def tcp_places(data):
    """(start of pseudo header's addresses, their length, TCP, payload, end) of each
    packet with whole TCP on Ethernet; the sample captures are little-endian pcap."""
    at = FILE_HEADER
    while at + PACKET_HEADER <= len(data):
        length = struct.unpack_from("<I", data, at + 8)[0]
        frame, at = at + PACKET_HEADER, at + PACKET_HEADER + length
        kind, ip = data[frame + 12:frame + 14], frame + 14
        if kind == b"\x08\x00" and data[ip + 9] == 6:
            tcp = ip + (data[ip] & 15) * 4
            end = ip + struct.unpack_from("!H", data, ip + 2)[0]
            addresses = ip + 12, 8
        elif kind == b"\x86\xdd" and data[ip + 6] == 6:
            tcp = ip + 40
            end = tcp + struct.unpack_from("!H", data, ip + 4)[0]
            addresses = ip + 8, 32
        else:
            continue
        payload = tcp + (data[tcp + 12] >> 4) * 4
        if payload < end <= at:
            yield *addresses, tcp, payload, end


def put_checksum(data, place):
    source, length, tcp, _, end = place
    data[tcp + 16:tcp + 18] = b"\0\0"
    pseudo = bytes(data[source:source + length]) + struct.pack("!HH", 6, end - tcp)
    struct.pack_into("!H", data, tcp + 16, checksum(pseudo + bytes(data[tcp:end])))


def change(rng, data, first, end):
    """Damages data[first:end] at one place, its length kept."""
    at = rng.randrange(first, end)
    way = rng.randrange(6)
    if way < 2:
        data[at] ^= 1 << rng.randrange(8)
    elif way == 2:
        data[at] = rng.randrange(256)
    elif way == 3:
        data[at] = rng.choice(LIKED)
    elif way == 4:
        text = rng.choice(TEXTS)[:end - at]
        data[at:at + len(text)] = text
    else:
        n = rng.randrange(1, 40)
        source = rng.randrange(first, end)
        piece = data[source:min(source + n, end)][:end - at]
        data[at:at + len(piece)] = piece


def damaged(capture, number):
    with open(capture, "rb") as f:
        data = bytearray(f.read())
    rng = random.Random(zlib.crc32(os.path.basename(capture).encode()) << 32 | number)
    places = list(tcp_places(data)) if number % 2 else []
    for _ in range(rng.choice((1, 2, 4, 8, 30))):
        if places:
            place = rng.choice(places)
            change(rng, data, place[3], place[4])
            put_checksum(data, place)
        else:
            change(rng, data, FILE_HEADER, len(data))
    if number % 4 == 3:
        del data[rng.randrange(FILE_HEADER, len(data)):]
    return data


def write(path, data):
    with open(path, "wb") as f:
        f.write(data)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("-w", "--relaywatch", default="./relaywatch")
    parser.add_argument("-n", "--variants", type=int, default=200)
    parser.add_argument("-k", "--keep")
    parser.add_argument("captures", nargs="+")
    options = parser.parse_args()
    if options.keep:
        capture, number = options.captures[0].rsplit(":", 1)
        write(options.keep, damaged(capture, int(number)))
        return 0
    failed = runs = 0
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "damaged.pcap")
        for capture, number in itertools.product(options.captures,
                range(options.variants)):
            write(path, damaged(capture, number))
            runs += 1
            _, problems = sound.run(options.relaywatch, OPTIONS + ["-r", path])
            if problems:
                failed += 1
                print(f"{capture}: variant {number}: " + "\n    ".join(problems))
                print(f"  first: {sys.argv[0]} -k {path} {capture}:{number}")
    print(f"ok {runs - failed} of {runs} damaged variants of {len(options.captures)} "
        "captures")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
