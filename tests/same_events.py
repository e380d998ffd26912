#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Variants of a capture that TCP must treat the same give the same events.

    same_events.py -w RELAYWATCH -m PCAPMANGLE [-s SEED,SEED] CAPTURE...

Every mode of pcapmangle with every seed is held against the plain capture: alerts as
final_alerts.py counts them, and each event whole, as a multiset. Only what must differ
is taken out of an event first:

- the number of the packet (pcap_cnt), everywhere: a variant has other packets. The first
  one's is part of a flow_id, too, so that is replaced by its rank among those of the same
  addresses and ports;
- times (timestamp, first, last, first_seen, last_seen), delay_ms and rtt: the packet
  that completes or answers something may be another one;
- lines of an alert before its last one (by id, verdict and window): whether a finding is
  stronger at once or in two steps may depend on which leg's end comes first;
- of a confirmed relay the evidence data-code-*: it is missing where the outbound leg
  was over before the server's final reply to the client;
- of a finding that counts several occurrences, what is told of its last one only
  (EXAMPLE below): where connections overlap, another may be the last;
- where packets of a connection change places (SHIFTING below), they change the times of
  their arrival, too, by more than a proxy adds to its client's round trip: what rests on
  measured round trips alone (a suspicion "encrypted" of 2008, and the evidence rtt-gap)
  is left out there, and only there; and so are the oddities early-talk and unpipelined:
  whether a command passes before or behind a reply that it does not acknowledge depends
  on where one stands;

Kept are addresses, ports, community ids, envelope, replies, sizes, fingerprints,
evidence, legs and counts. One line for each capture; exit status 1 when any differs.
"""
import argparse
import collections
import json
import os
import shlex
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
MODES = ("shuffle", "duplicate", "resegment", "overlap", "seqshift", "all")
SHIFTING = ("shuffle", "all")
DISTANT = 2008
UNACKNOWLEDGED = ("early-talk", "unpipelined")
EXAMPLE = {"legs", "mail", "target", "evidence"}  # of alert.context
EXAMPLE_EVENT = ("src_port", "community_id", "flow_id", "tx_id", "smtp", "email")
BYTEWISE_MAX = 40000  # octets of the capture
VARYING = {"pcap_cnt", "timestamp", "first", "last", "first_seen", "last_seen",
    "delay_ms", "rtt", "pcap_filename"}
DIFFERENCES_SHOWN = 6


def arguments_of(capture):
    """The options of the capture's .expect file."""
    try:
        with open(os.path.splitext(capture)[0] + ".expect", encoding="utf-8") as f:
            lines = [line[5:].split() for line in f if line.startswith("args:")]
    except FileNotFoundError:
        return []
    return lines[0] if lines else []


def rank_flows(event, ranks):
    """Gives every flow_id, also those of legs, its rank by community id."""
    legs = event.get("alert", {}).get("context", {}).get("legs", [])
    for holder in (event, *legs):
        if "flow_id" in holder:
            ids = ranks.setdefault(holder.get("community_id"), [])
            if holder["flow_id"] not in ids:
                ids.append(holder["flow_id"])
            holder["flow_id"] = ids.index(holder["flow_id"])


def normal(value):
    if isinstance(value, dict):
        return {k: normal(v) for k, v in sorted(value.items()) if k not in VARYING}
    if isinstance(value, list):
        return [normal(v) for v in value]
    return value


def without_chance(event):
    """An alert without what depends on which of two connections was first."""
    context = event["alert"]["context"]
    if context["count"] > 1:
        context = {k: v for k, v in context.items() if k not in EXAMPLE}
        event = {k: v for k, v in event.items() if k not in EXAMPLE_EVENT}
    elif context["kind"] == "relay" and context["verdict"] == "confirmed":
        context = dict(context, evidence=[e for e in context["evidence"]
            if not e.startswith("data-code-")])
    return dict(event, alert=dict(event["alert"], context=context))


def final_alerts(output):
    return subprocess.run([os.path.join(HERE, "final_alerts.py")], input=output,
        stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()


def without_times(events):
    """Events without what only the times of packets say."""
    for event in events:
        about = event.get("relaywatch", {})
        oddities = [o for o in about.pop("oddities", []) if o not in UNACKNOWLEDGED]
        if oddities:
            about["oddities"] = oddities
        alert = event.get("alert", {})
        if alert.get("signature_id") == DISTANT:
            if alert["context"]["mechanism"] == "encrypted":
                continue
            alert["context"]["evidence"] = [e for e in alert["context"]["evidence"]
                if e != "rtt-gap"]
        yield event


def events_of(relaywatch, capture, arguments, shifting=False):
    """Events and the exit status as a multiset of strings."""
    command = [relaywatch, "-q", "-l", "alert,smtp,proxy", *arguments, "-r", capture]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, errors="surrogateescape") as process:
        output, messages = process.communicate()
    events = list(map(json.loads, output.splitlines()))
    if shifting:
        events = list(without_times(events))
    found, alerts, ranks = [], {}, {}
    lines = final_alerts("".join(json.dumps(event) + "\n" for event in events))
    for event in events:
        rank_flows(event, ranks)
        if event["event_type"] == "alert":
            context = event["alert"]["context"]
            alerts[context["id"], context["verdict"], context["first_seen"]] = event
        else:
            found.append(event)
    # A finding that grew stronger is counted there; what is left behind counts nothing.
    found += [without_chance(e) for e in alerts.values()
        if e["alert"]["context"]["count"] > 0]
    lines += [json.dumps(normal(e), sort_keys=True) for e in found]
    lines.append(f"exit status {process.returncode}")
    if process.returncode not in (0, 65, 66):
        lines.append(messages)
    return collections.Counter(lines)


def variants_of(capture, seeds):
    for seed in seeds:
        for mode in MODES:
            yield mode, seed
    if os.path.getsize(capture) <= BYTEWISE_MAX and capture.endswith("pcap"):
        yield "bytewise", 1


def check(options, capture, directory):
    arguments = arguments_of(capture)
    plain = {shifting: events_of(options.relaywatch, capture, arguments, shifting)
        for shifting in (False, True)}
    bad = []
    for mode, seed in variants_of(capture, options.seeds):
        variant = os.path.join(directory, f"{mode}-{seed}.pcap")
        make = [options.pcapmangle, "-s", str(seed), "-m", mode, capture, variant]
        subprocess.run(make, check=True)
        shifting = mode in SHIFTING
        found = events_of(options.relaywatch, variant, arguments, shifting)
        wanted = plain[shifting]
        if found == wanted:
            continue
        bad.append(f"{mode}-{seed}")
        keep = f"/tmp/relaywatch-{mode}-{seed}.pcap"
        make[-1] = keep
        print(f"{capture}: {mode} with seed {seed} gives other events:")
        for sign, lines in (("-", wanted - found), ("+", found - wanted)):
            for line in sorted(lines)[:DIFFERENCES_SHOWN]:
                print(f"  {sign} {line}")
        print("  again: " + shlex.join(make) + " && " + shlex.join([options.relaywatch,
            "-q", "-l", "alert,smtp,proxy", *arguments, "-r", keep]))
    return bad


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("-w", "--relaywatch", default="./relaywatch")
    parser.add_argument("-m", "--pcapmangle", required=True)
    parser.add_argument("-s", "--seeds", default="1,4711",
        type=lambda text: text.split(","))
    parser.add_argument("captures", nargs="+")
    options = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory() as directory:
        for capture in options.captures:
            bad = check(options, capture, directory)
            failed += bool(bad)
            print(f"{'BAD' if bad else 'ok'} {capture} {' '.join(bad)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
