#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes a pcap in every form in which a saved capture may come.

capture_forms.py CAPTURE FOLDER writes FOLDER/FORM, a file or, where the packets are in
several files, a folder. The same packets with the same times are in all of them.
"""
import gzip
import os
import struct
import subprocess
import sys

ETHERNET, RAW_IP = 1, 101
MICRO, NANO, MODIFIED = 0xA1B2C3D4, 0xA1B23C4D, 0xA1B2CD34


def read_pcap(path):
    """The link type and (time in us, wire length, octets) of each packet."""
    data = open(path, "rb").read()
    if struct.unpack_from("<I", data)[0] != MICRO:
        sys.exit(f"{path}: only plain little-endian captures, please")
    packets, at = [], 24
    while at < len(data):
        sec, usec, caplen, wirelen = struct.unpack_from("<IIII", data, at)
        at += 16
        packets.append((sec * 1000000 + usec, wirelen, data[at : at + caplen]))
        at += caplen
    return struct.unpack_from("<I", data, 20)[0], packets


def pcap(link, packets, order="<", magic=MICRO, version=(2, 4)):
    out = [struct.pack(order + "IHHIIII", magic, *version, 0, 0, 262144, link)]
    for us, wirelen, octets in packets:
        fraction = us % 1000000 * (1000 if magic == NANO else 1)
        lengths = (len(octets), wirelen)
        if version < (2, 3):
            lengths = lengths[::-1]
        out.append(struct.pack(order + "IIII", us // 1000000, fraction, *lengths))
        out.append(b"\0\0\0\1\10\0\0\0" if magic == MODIFIED else b"")
        out.append(octets)
    return b"".join(out)


class Pcapng:
    """A pcapng under construction."""

    def __init__(self, order="<"):
        self.out = []
        self.section(order)

    def block(self, kind, body):
        body += bytes(-len(body) % 4)
        length = struct.pack(self.order + "I", len(body) + 12)
        self.out.append(struct.pack(self.order + "I", kind) + length + body + length)

    def section(self, order):
        self.order = order
        self.block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))

    def interface(self, link, snaplen, *options):
        body = struct.pack(self.order + "HHI", link, 0, snaplen)
        for code, value in options + ((0, b""),):
            body += struct.pack(self.order + "HH", code, len(value))
            body += value + bytes(-len(value) % 4)
        self.block(1, body)

    def packet(self, interface, ticks, wirelen, octets):
        head = struct.pack(self.order + "IIIII", interface, ticks >> 32,
                           ticks & 0xFFFFFFFF, len(octets), wirelen)
        # With a comment behind it.
        pad = bytes(-len(octets) % 4)
        comment = struct.pack(self.order + "HH8sI", 1, 7, b"comment", 0)
        self.block(6, head + octets + pad + comment)

    def octets(self):
        return b"".join(self.out)


def pcapng(link, packets, order="<"):
    out = Pcapng(order)
    out.interface(link, 262144)
    for us, wirelen, octets in packets:
        out.packet(0, us, wirelen, octets)
    return out.octets()


def pcapng_interfaces(link, packets):
    """Several sections, byte orders, link types, clocks; blocks of no use between."""
    out = Pcapng()
    for n, (us, wirelen, octets) in enumerate(packets):
        if n % 50 == 0:
            if n > 0:
                out.section("<>"[n // 50 % 2])
            out.interface(link, 0, (2, b"eth0"), (9, b"\x09"))
            out.interface(RAW_IP, 65535, (9, b"\x9e"))
            offset = struct.pack(out.order + "q", -1000)
            out.interface(link, 96, (14, offset))
        if n % 7 == 0:
            out.block(0x0BAD, os.urandom(n * 1000 % 40000))
        kind = octets[12:14]
        if n % 3 == 1 and link == ETHERNET and kind in (b"\x08\0", b"\x86\xdd"):
            # In 2^-30 s, rounded so that the same microsecond comes out.
            out.packet(1, -(-us * 2**30 // 1000000), wirelen - 14, octets[14:])
        elif n % 3 == 2:
            out.packet(2, us + 1000000000, wirelen, octets)
        else:
            out.packet(0, us * 1000, wirelen, octets)
    return out.octets()


def zstd(octets):
    return subprocess.run(["zstd", "-qc"], input=octets, stdout=subprocess.PIPE,
                          check=True).stdout


def pieces(octets, pack):
    """Packed in two, one behind the other."""
    return pack(octets[: len(octets) // 3]) + pack(octets[len(octets) // 3 :])


def rotated(link, packets):
    """Files one after the other, some packed meanwhile."""
    forms = [pcap, pcapng, lambda *a: gzip.compress(pcap(*a)), lambda *a: zstd(pcap(*a))]
    each = len(packets) // 6 + 1
    files = {"README": b"not a capture\n", "index.gz": gzip.compress(b"not one either\n")}
    for n in range(0, len(packets), each):
        files[f"part{n}"] = forms[n // each % 4](link, packets[n : n + each])
    return files


def two_taps(link, packets):
    """Two files of the same time. What has the same time stays together, in order."""
    taps, tap, last_us = ([], []), 0, None
    for packet in packets:
        if packet[0] != last_us:
            tap = 1 - tap
        last_us = packet[0]
        taps[tap].append(packet)
    return {"a.pcap": pcap(link, taps[0]), "b.gz": gzip.compress(pcapng(link, taps[1]))}


def forms(link, packets):
    plain = pcap(link, packets)
    several = pcapng_interfaces(link, packets)
    return {
        "nanoseconds": pcap(link, packets, magic=NANO),
        "big-endian": pcap(link, packets, order=">"),
        "big-endian-nanoseconds": pcap(link, packets, order=">", magic=NANO),
        "modified": pcap(link, packets, magic=MODIFIED),
        "version-2.2": pcap(link, packets, version=(2, 2)),
        "pcapng": pcapng(link, packets),
        "pcapng-big-endian": pcapng(link, packets, ">"),
        "pcapng-interfaces": several,
        "gzip": gzip.compress(plain),
        "gzip-members": pieces(plain, gzip.compress),
        "gzip-pcapng": gzip.compress(several),
        "zstd": zstd(plain),
        "zstd-frames": pieces(plain, zstd),
        "zstd-pcapng": zstd(several),
        "rotated": rotated(link, packets),
        "two-taps": two_taps(link, packets),
    }


def main():
    capture, folder = sys.argv[1:]
    for name, form in forms(*read_pcap(capture)).items():
        path = os.path.join(folder, name)
        if isinstance(form, bytes):
            form = {path: form}
        else:
            os.makedirs(path, exist_ok=True)
            form = {os.path.join(path, part): octets for part, octets in form.items()}
        for part, octets in form.items():
            with open(part, "wb") as f:
                f.write(octets)


if __name__ == "__main__":
    main()
