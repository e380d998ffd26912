#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs relaywatch on a folder of captures of any kind, with several home networks.

    captures.py [-w RELAYWATCH] [-s SANITIZED] FOLDER

Each capture is read with the default options, with either half of the address space as
home, and, where mail or a proxy was seen, with exactly those servers as home, so that
their clients come from outside. The sanitizer build reads each with the last of these
that holds, and all files of a folder at once. Every run must be sound (tests/sound.py),
and an alert of severity 1 or 2 must be listed in tests/captures.expected.
"""
import argparse
import concurrent.futures
import os
import sys

import sound

HERE = os.path.dirname(os.path.abspath(__file__))
LOWER = ["-H", "0.0.0.0/1,::/1"]
UPPER = ["-H", "128.0.0.0/1,8000::/1"]


def load_expected():
    with open(os.path.join(HERE, "captures.expected"), encoding="utf-8") as f:
        rows = [[part.strip() for part in line.split("|")] for line in f
            if line.strip() and not line.startswith("#")]
    return {(row[0], row[1]) for row in rows}


def servers_of(events):
    found = {e["dest_ip"] for e in events if e["event_type"] in ("smtp", "proxy")}
    return ["-H", ",".join(sorted(found)[:50])] if found else None


def severe(events):
    for event in events:
        if event["event_type"] == "alert" and event["alert"]["severity"] < 3:
            context = event["alert"]["context"]
            yield f"{context['kind']} {context['verdict']} {context['mechanism']}"


def check(options, path):
    """(runs, problems, alerts)"""
    plain, problems = sound.run(options.relaywatch, ["-r", path])
    targeted = servers_of(plain)
    alerts = set(severe(plain))
    sets = [LOWER, UPPER] + ([targeted] if targeted else [])
    for home in sets:
        events, more = sound.run(options.relaywatch, home + ["-r", path])
        problems += more
        alerts.update(severe(events))
    if options.sanitized:
        events, more = sound.run(options.sanitized, sets[-1] + ["-r", path])
        problems += more
    return len(sets) + 1 + bool(options.sanitized), problems, alerts


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("-w", "--relaywatch", default="./relaywatch")
    parser.add_argument("-s", "--sanitized")
    parser.add_argument("folder")
    options = parser.parse_args()
    paths = sorted(os.path.join(place, name) for place, _, names in
        os.walk(options.folder) for name in names if ".pcap" in name)
    expected, runs, failed = load_expected(), 0, 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, result in zip(paths, pool.map(lambda p: check(options, p), paths)):
            runs += result[0]
            name = os.path.relpath(path, options.folder)
            new = sorted(a for a in result[2] if (name, a) not in expected)
            result[1].extend(f"not in captures.expected: {a}" for a in new)
            if result[1]:
                failed += 1
                print(f"{name}: " + "\n    ".join(result[1]))
    for place in sorted({os.path.dirname(path) for path in paths}):
        for program in filter(None, (options.relaywatch, options.sanitized)):
            runs += 1
            _, problems = sound.run(program, ["-r", place])
            if problems:
                failed += 1
                print(f"{place}: " + "\n    ".join(problems))
    print(f"{len(paths)} captures, {runs} runs, {failed} with problems")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
