#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Compares the SMTP envelopes that relaywatch reports with those that tshark shows.

    smtp_oracle.py [-w RELAYWATCH] [-d DIFFERENCES] CAPTURE[:PORT...]...
    smtp_oracle.py --tshark <tshark's fields        (for tshark_envelopes.sh)

Prints every difference; exit code 1 when one is not explained in the table
tshark_differences.txt. An envelope is MAIL, its reply, and each RCPT with its reply,
by connection and in order. A reply code of 0 means that none was seen.
"""
import argparse
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
RCPT_LISTED_MAX = 100  # as many as an smtp event lists


class Transaction:
    def __init__(self, sender):
        self.sender = sender
        self.code = 0
        self.rcpts = []
        self.count = 0  # where only the first recipients are listed

    def lines(self):
        yield f"MAIL {self.sender} {self.code}"
        for path, code in self.rcpts[:RCPT_LISTED_MAX]:
            yield f"RCPT {path} {code}"
        count = max(self.count, len(self.rcpts))
        if count > RCPT_LISTED_MAX:
            yield f"RCPT count {count}"


def path_of(argument):
    """The path of `FROM:<a@b> SIZE=1`, without the brackets."""
    path = argument.split(":", 1)[-1].strip()
    found = re.match(r'<((?:"(?:[^"\\]|\\.)*"|[^>])*)>', path)
    return found.group(1) if found else path.split(" ")[0]


class Session:
    """One connection, from commands and replies in the order of the capture."""

    def __init__(self, name):
        self.name = name
        self.waiting = []  # commands without a reply yet
        self.greeted = False
        self.open = None
        self.transactions = []

    def command(self, line):
        self.waiting.append(line.replace("\\r\\n", "").strip())

    def reply(self, code):
        if not self.greeted:
            self.greeted = True
            if code == 220 or not self.waiting:
                return
        if not self.waiting:
            return
        command = self.waiting.pop(0)
        if code == 354:
            self.waiting.insert(0, "(message)")
        elif code == 334:
            self.waiting.insert(0, "AUTH (goes on)")
        else:
            self.answered(command, code)

    def answered(self, command, code):
        verb = command.split(" ")[0].upper()
        positive = 200 <= code < 300
        if verb == "MAIL" and (self.open is None or positive or code == 0):
            self.open = Transaction(path_of(command))
            self.open.code = code
            self.transactions.append(self.open)
            if code != 0 and not positive:
                self.open = None
        elif verb == "RCPT" and self.open is not None:
            self.open.rcpts.append((path_of(command), code))
        elif verb == "(MESSAGE)" or (verb == "BDAT" and "LAST" in command.upper()) \
            or (verb in ("RSET", "EHLO", "HELO") and positive):
            self.open = None

    def finish(self):
        for command in self.waiting:
            self.answered(command, 0)
        self.waiting = []


def end_name(address, port):
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def sessions_of_tshark(lines):
    sessions = {}
    for line in lines:
        _, stream, src4, src6, sport, dst4, dst6, dport, commands, codes = \
            line.rstrip("\n").split("\t")
        source = end_name((src4 or src6).split("\x1f")[-1], sport)
        dest = end_name((dst4 or dst6).split("\x1f")[-1], dport)
        if stream not in sessions and (commands or codes):
            sessions[stream] = Session(f"{source} > {dest}" if commands else
                f"{dest} > {source}")
        for command in filter(None, commands.split("\x1f")):
            sessions[stream].command(command)
        for code in filter(None, codes.split("\x1f")):
            sessions[stream].reply(int(code))
    for session in sessions.values():
        session.finish()
    return {s.name: s.transactions for s in sessions.values()}


def sessions_of_relaywatch(lines):
    found = {}
    events = [json.loads(line) for line in lines if line.strip()]
    events = [e for e in events if e.get("event_type") == "smtp"]
    for event in sorted(events, key=lambda e: e.get("tx_id", 0)):
        smtp, seen = event.get("smtp", {}), event.get("relaywatch", {})
        name = end_name(event["src_ip"], event["src_port"]) + " > " + \
            end_name(event["dest_ip"], event["dest_port"])
        transactions = found.setdefault(name, [])
        if "mail_from" not in smtp:
            continue
        transaction = Transaction(path_of(":" + smtp["mail_from"]))
        transaction.code = seen.get("mail_code") or 0
        transaction.rcpts = [(path_of(":" + r["addr"]), r.get("code") or 0)
            for r in seen.get("rcpt", [])]
        transaction.count = seen.get("rcpt_count", 0)
        transactions.append(transaction)
    return found


def flat(transactions):
    return [line for t in transactions for line in t.lines()]


def differences(ours, theirs):
    for name in sorted(ours.keys() | theirs.keys()):
        a, b = flat(ours.get(name, [])), flat(theirs.get(name, []))
        if name not in ours and not b:
            continue
        if name not in ours:
            yield f"{name}: not in relaywatch's events"
            continue
        for i in range(max(len(a), len(b))):
            x, y = (side[i] if i < len(side) else "nothing" for side in (a, b))
            if x != y:
                yield f"{name}: relaywatch has `{x}`, tshark `{y}`"
                break


def load_explained(path):
    """Lines `capture | part of the difference | why`."""
    with open(path, encoding="utf-8") as f:
        rows = [[part.strip() for part in line.split("|")] for line in f
            if line.strip() and not line.startswith("#")]
    return [row for row in rows if len(row) == 3]


def compare(capture, ports, relaywatch, explained, used):
    run = lambda *command: subprocess.run(command, stdout=subprocess.PIPE, text=True,
        errors="surrogateescape", check=False).stdout.splitlines()
    fields = run(os.path.join(HERE, "tshark_envelopes.sh"), "--raw", capture, *ports)
    ours = sessions_of_relaywatch(run(relaywatch, "-q", "-l", "smtp", "-r", capture))
    open_ones = 0
    for difference in differences(ours, sessions_of_tshark(fields)):
        rows = [row for row in explained if capture.endswith(row[0]) and
            row[1] in difference]
        used.update(row[1] + row[0] for row in rows)
        why = [row[2] for row in rows]
        open_ones += not why
        print(f"{capture}: {difference}" + (f" -- explained: {why[0]}" if why else ""))
    return open_ones


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--tshark", action="store_true")
    parser.add_argument("-w", "--relaywatch", default="./relaywatch")
    parser.add_argument("-d", "--differences",
        default=os.path.join(HERE, "tshark_differences.txt"))
    parser.add_argument("captures", nargs="*", metavar="CAPTURE[:PORT...]")
    options = parser.parse_args()
    if options.tshark:
        for name, transactions in sessions_of_tshark(sys.stdin).items():
            print(name)
            for line in flat(transactions):
                print("\t" + line)
        return 0
    explained = load_explained(options.differences)
    open_ones, used = 0, set()
    for argument in options.captures:
        capture, *ports = argument.split(":")
        open_ones += compare(capture, ports, options.relaywatch, explained, used)
    for row in explained:
        if any(a.split(":")[0].endswith(row[0]) for a in options.captures) and \
            row[1] + row[0] not in used:
            print(f"{row[0]}: the row `{row[1]}` explains nothing")
            open_ones += 1
    print(f"{len(options.captures)} captures, {open_ones} unexplained differences")
    return 1 if open_ones else 0


if __name__ == "__main__":
    sys.exit(main())
