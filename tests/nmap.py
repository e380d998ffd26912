#!/usr/bin/python3
"""Where our verdict and that of nmap's smtp-open-relay differ, the server's log decides.

Each pcaps/scan-nmap-*.nmap says of every form that nmap tried what nmap called it and what
the server's log tells of a message to the same recipient (tests/lab/nmap-record). Where
nmap, relaywatch and the log do not say the same of a trick, tests/lab/nmap.table must have a
line with exactly these findings, and the reason; a line that no longer holds fails as well.
"""
import collections
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = os.environ.get("RELAYWATCH", str(ROOT / "relaywatch"))
ACCEPTED = {"rcpt-accepted", "accepted", "confirmed"}


def options(capture):
    for line in capture.with_suffix(".expect").read_text().splitlines():
        if line.startswith("args:"):
            return line.split()[1:]
    return []


def events(capture):
    command = [PROGRAM, *options(capture), "-q", "-l", "alert,smtp", "-r", str(capture)]
    return subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout


def verdicts(found):
    """By trick: how often which verdict."""
    last = subprocess.run([ROOT / "tests/final_alerts.py"], input=found,
                          stdout=subprocess.PIPE, check=True, text=True).stdout
    tricks = collections.defaultdict(collections.Counter)
    for line in last.splitlines():
        _, _, verdict, trick, *_, count = line.split()
        tricks[trick][verdict] += int(count.removeprefix("count="))
    return tricks


def taken(found):
    """Of each transaction in order: was its recipient accepted?"""
    mail = [event.get("relaywatch", {}) for event in map(json.loads, found.splitlines())]
    return [str(part["rcpt"][0]["code"]).startswith("2") for part in mail if part.get("rcpt")]


def read_forms(capture):
    lines = capture.with_suffix(".nmap").read_text().splitlines()
    return [line.split(" ", 4) for line in lines]


def shown(counter):
    return ",".join("%s:%d" % item for item in sorted(counter.items()) if item[1])


def agree(nmap, server, ours):
    accepted = sum(n for verdict, n in ours.items() if verdict in ACCEPTED)
    refused_late = server["refused"] - nmap["closed"]
    if ours["refused"] > nmap["closed"] or accepted > server["forwarded"] + refused_late:
        sys.exit("against the server's log: %s, %s" % (shown(server), shown(ours)))
    return (nmap["open"] == server["forwarded"] == accepted
            and nmap["closed"] == server["refused"] == ours["refused"])


def differences(capture):
    """The lines this capture needs in the table."""
    found, forms = events(capture), read_forms(capture)
    if len(forms) != 16 or [form[2] == "open" for form in forms] != taken(found):
        sys.exit("%s: nmap and the smtp events do not tell the same replies" % capture.name)
    tricks = verdicts(found)
    for trick in sorted({form[1] for form in forms}):
        nmap = collections.Counter(form[2] for form in forms if form[1] == trick)
        server = collections.Counter(form[3] for form in forms if form[1] == trick)
        if not agree(nmap, server, tricks[trick]):
            yield " ".join((capture.stem, trick, "nmap=" + shown(nmap),
                            "server=" + shown(server), "relaywatch=" + shown(tricks[trick])))


def read_table():
    """(the lines, each without its reason; the reasons that are named and not given)"""
    reasons, lines, named = set(), set(), set()
    for line in (ROOT / "tests/lab/nmap.table").read_text().splitlines():
        if line.startswith("reason "):
            reasons.add(line.split(":")[0].split()[1])
        elif line and line[0] not in "# ":
            line, reason = line.rsplit(" ", 1)
            lines.add(line)
            named.add(reason)
    return lines, named ^ reasons


def main():
    captures = sorted((ROOT / "pcaps").glob("scan-nmap-*.pcap"))
    needed = {line for capture in captures for line in differences(capture)}
    table, open_reasons = read_table()
    for line in sorted(needed - table):
        print("not in tests/lab/nmap.table:", line)
    for line in sorted(table - needed):
        print("no longer so:", line)
    for reason in sorted(open_reasons):
        print("a reason without a line, or a line without a reason:", reason)
    print("%d scans of nmap, %d explained differences" % (len(captures), len(table & needed)))
    return 1 if needed != table or open_reasons or not captures else 0


sys.exit(main())
