#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Holds relaywatch's events against the truth file that pcapgen wrote.

    check_truth.py [-w RELAYWATCH] CAPTURE TRUTHFILE [relaywatch's options...]
    check_truth.py -e EVENTS CAPTURE TRUTHFILE      (events made earlier, `-` for stdin)

Prints each key with what was expected and found; exit code 1 when a checked one
differs. Keys marked `info` are shown only: the contract leaves them open.
"""
import argparse
import collections
import json
import subprocess
import sys

CHECKED = ("smtp_events", "transactions", "rcpt_total", "rcpt_accepted",
    "messages_delivered", "relayed_confirmed", "relay_refused")


def read_truth(path):
    with open(path, encoding="ascii") as f:
        return {key: int(value) for key, value in map(str.split, f)}


def count_smtp(event, found):
    seen = event.get("relaywatch", {})
    found["smtp_events"] += 1
    if "mail_from" not in event.get("smtp", {}):
        found["events_without_mail"] += 1
        return
    outcome = seen.get("outcome", "none")
    found["transactions"] += 1
    found["rcpt_total"] += seen.get("rcpt_count", 0)
    found["rcpt_accepted"] += seen.get("rcpt_accepted", 0)
    found["outcome_" + outcome] += 1
    found["messages_delivered"] += outcome == "delivered"


def find_number(value, name):
    """The first number called `name` in a nested object: stats keys are open."""
    if isinstance(value, dict):
        if isinstance(value.get(name), int):
            return value[name]
        for inner in value.values():
            number = find_number(inner, name)
            if number is not None:
                return number
    return None


def count_events(lines):
    found, alerts, stats = collections.Counter(), {}, None
    for line in lines:
        event = json.loads(line)
        kind = event.get("event_type")
        if kind == "smtp":
            count_smtp(event, found)
        elif kind == "alert":
            context = event["alert"]["context"]
            alerts[context["id"], context["verdict"], context.get("first_seen")] = context
        elif kind == "stats":
            stats = event
    for context in alerts.values():  # the last line of a window holds
        key = f"alert_{context['kind']}_{context['verdict']}"
        found[key] += context.get("count", 1)
        found[key + "_findings"] += 1
    found["relayed_confirmed"] = found["alert_relay_confirmed"]
    found["relay_refused"] = found["alert_relay_refused"]
    for name in ("packets", "bytes"):
        number = find_number(stats, name)
        if number is not None:
            found[name] = number
    return found


def events_of(options):
    if options.events == "-":
        yield from sys.stdin
    elif options.events:
        with open(options.events, encoding="utf-8") as f:
            yield from f
    else:
        command = [options.relaywatch, "-H", "192.0.2.0/24,10.0.0.0/8", "-D",
            "example.org", "-q", "-l", "smtp,alert,stats", "-r", options.capture]
        with subprocess.Popen(command + options.more, stdout=subprocess.PIPE,
            text=True) as process:
            yield from process.stdout
        if process.returncode != 0:
            sys.exit(f"{options.relaywatch}: exit code {process.returncode}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("-w", "--relaywatch", default="./relaywatch")
    parser.add_argument("-e", "--events")
    parser.add_argument("capture")
    parser.add_argument("truth")
    parser.add_argument("more", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    truth = read_truth(options.truth)
    found = count_events(events_of(options))
    bad = 0
    for key in CHECKED:
        same = truth.get(key, 0) == found[key]
        bad += not same
        print(f"{'ok  ' if same else 'BAD '} {key}: expected {truth.get(key, 0)}, "
            f"found {found[key]}")
    for key in sorted(found.keys() - set(CHECKED)):
        expected = f", expected {truth[key]}" if key in truth else ""
        print(f"info {key}: found {found[key]}{expected}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
