#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Prints a digest of every TCP stream of a pcap file (Ethernet, IPv4 and IPv6).

    pcap_streams.py FILE            one line per connection and direction, sorted
    pcap_streams.py FILE OTHER      says where the streams differ; exit code 1

An independent, slow reassembly, to check what pcapmangle writes: a variant must carry
the same bytes. Bad checksums are reported, too.
"""
import hashlib
import socket
import struct
import sys


MAGICS = (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\xc3\xd4",
    b"\xa1\xb2\x3c\x4d")


def packets(path):
    with open(path, "rb") as f:
        head = f.read(24)
        if head[:4] not in MAGICS:
            sys.exit(f"{path}: not a plain pcap file")
        order = "<" if head[:4] in MAGICS[:2] else ">"
        while len(record := f.read(16)) == 16:
            _, _, caplen, length = struct.unpack(order + "IIII", record)
            yield f.read(caplen), length


def checksum_ok(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total == 0xffff


def tcp_of(frame):
    """(source, destination, segment, pseudo header, IPv4 header) or None."""
    at = 12
    while frame[at:at + 2] in (b"\x81\x00", b"\x88\xa8"):
        at += 4
    kind, ip = frame[at:at + 2], frame[at + 2:]
    if kind == b"\x08\x00" and len(ip) >= 20 and ip[9] == 6:
        head = (ip[0] & 15) * 4
        total, fragment = struct.unpack("!HxxH", ip[2:8])
        if fragment & 0x3fff or total < head + 20 or total > len(ip):
            return None
        segment = ip[head:total]
        pseudo = ip[12:20] + struct.pack("!HH", 6, len(segment))
        return ip[12:16], ip[16:20], segment, pseudo, ip[:head]
    if kind == b"\x86\xdd" and len(ip) >= 60 and ip[6] == 6:
        segment = ip[40:40 + struct.unpack("!H", ip[4:6])[0]]
        pseudo = ip[8:40] + struct.pack("!II", len(segment), 6)
        return ip[8:24], ip[24:40], segment, pseudo, None
    return None


class Stream:
    """One direction of one connection: bytes by offset from the first number."""

    def __init__(self):
        self.base = None
        self.data = {}
        self.fin = False

    def add(self, seq, payload):
        if self.base is None:
            self.base = seq
        offset = (seq - self.base + 0x80000000) % 0x100000000 - 0x80000000
        for start in range(0, len(payload)):
            self.data.setdefault(offset + start, payload[start])

    def digest(self):
        offsets = sorted(self.data)
        text = hashlib.sha256(bytes(self.data[o] for o in offsets)).hexdigest()[:16]
        holes = sum(1 for a, b in zip(offsets, offsets[1:]) if b != a + 1)
        return f"{len(offsets)} bytes, {holes} holes, fin {int(self.fin)}, {text}"


def read_streams(path):
    live, done, isn, bad = {}, {}, {}, 0
    for number, (frame, length) in enumerate(packets(path), 1):
        found = tcp_of(frame) if len(frame) == length else None
        if not found:
            continue
        source, dest, segment, pseudo, ip4 = found
        bad += not checksum_ok(pseudo + segment) or bool(ip4 and not checksum_ok(ip4))
        sport, dport, seq, _, offset, flags = struct.unpack("!HHIIBB", segment[:14])
        key = (source, sport, dest, dport)
        back = (dest, dport, source, sport)
        if flags & 0x12 == 0x02 and isn.get(key) != seq:
            for k in (key, back):
                live.pop(k, None)
            isn[key] = seq
        if key not in live:
            n = sum(1 for k in done if k[0] == key)
            live[key] = done[key, n] = Stream()
        stream = live[key]
        if flags & 0x02:
            stream.base = (seq + 1) % 0x100000000
            seq += 1
        stream.fin |= bool(flags & 0x01)
        payload = segment[(offset >> 4) * 4:]
        if payload:
            stream.add(seq, payload)
    return done, bad


def name(key):
    source, sport, dest, dport = key[0]
    family = socket.AF_INET if len(source) == 4 else socket.AF_INET6
    return "%s %d > %s %d #%d" % (socket.inet_ntop(family, source), sport,
        socket.inet_ntop(family, dest), dport, key[1])


def main():
    lists = []
    for path in sys.argv[1:3]:
        streams, bad = read_streams(path)
        lists.append({name(k): s.digest() for k, s in streams.items()})
        if bad:
            print(f"{path}: {bad} bad checksums", file=sys.stderr)
    if len(lists) == 1:
        for key in sorted(lists[0]):
            print(f"{key}: {lists[0][key]}")
        return 0
    differ = 0
    for key in sorted(lists[0].keys() | lists[1].keys()):
        a, b = lists[0].get(key), lists[1].get(key)
        if a != b:
            differ = 1
            print(f"{key}:\n\t{a}\n\t{b}")
    return differ


if __name__ == "__main__":
    sys.exit(main())
