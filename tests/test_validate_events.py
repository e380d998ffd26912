#!/usr/bin/python3
"""The validator itself: it must not let pass what it is there for."""

import copy
import json
import unittest

import validate_events

ALERT = {
    "timestamp": "2026-11-21T19:20:32.123456+0000",
    "flow_id": 2**53,
    "pcap_filename": "a.pcap",
    "pcap_cnt": 17,
    "event_type": "alert",
    "src_ip": "198.51.100.7",
    "src_port": 40000,
    "dest_ip": "192.0.2.25",
    "dest_port": 25,
    "proto": "TCP",
    "ip_v": 4,
    "community_id": "1:" + "A" * 27 + "=",
    "alert": {
        "action": "allowed",
        "gid": 9001,
        "signature_id": 1004,
        "rev": 1,
        "signature": "relay attempt refused",
        "category": "Attempted Information Leak",
        "severity": 3,
        "metadata": {"confidence": ["high"]},
        "context": {
            "id": "0123456789abcdef",
            "kind": "relay",
            "verdict": "refused",
            "server": "192.0.2.25",
            "server_port": 25,
            "client": "198.51.100.7",
            "mechanism": "plain",
            "confidence": "high",
            "evidence": ["rcpt-code-554"],
            "legs": [
                {
                    "role": "inbound",
                    "src_ip": "198.51.100.7",
                    "src_port": 40000,
                    "dest_ip": "192.0.2.25",
                    "dest_port": 25,
                    "community_id": "1:" + "A" * 27 + "=",
                    "flow_id": 5,
                    "first": "2026-11-21T19:20:32.123456+0000",
                    "last": "2026-11-21T19:20:32.123456+0000",
                }
            ],
            "count": 1,
            "first_seen": "2026-11-21T19:20:32.123456+0000",
            "last_seen": "2026-11-21T19:20:32.123456+0000",
        },
    },
}

OWN = validate_events.load("tests/alert.schema.json")


def faults(line):
    return list(validate_events.faults_of(line, OWN, None))


def line_with(path, value):
    """ALERT as a line, with one value put in (or taken out, where it is None)."""
    event = copy.deepcopy(ALERT)
    at = event
    for key in path[:-1]:
        at = at[key]
    if value is None:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return json.dumps(event).encode() + b"\n"


class Validator(unittest.TestCase):
    def test_a_good_alert_passes(self):
        self.assertEqual(faults(line_with(["pcap_cnt"], 1)), [])

    def test_each_wrong_value_is_found(self):
        context = ["alert", "context"]
        cases = [
            (["timestamp"], "2026-11-21T19:20:32.123456Z"),
            (["timestamp"], "2026-11-21T19:20:32.123456+00:00"),
            (["flow_id"], 2**53 + 2),
            (["pcap_cnt"], 0),
            (["src_ip"], "host.example"),
            (["src_port"], 65536),
            (["community_id"], "1:short"),
            (["event_type"], "flow"),
            (["alert", "gid"], 1),
            (["alert", "severity"], 4),
            (context + ["verdict"], "open"),
            (context + ["mechanism"], "uucp"),
            (context + ["id"], 5),
            (context + ["count"], -1),
            (context + ["legs"], []),
        ]
        for path, value in cases:
            with self.subTest(path=path, value=value):
                self.assertNotEqual(faults(line_with(path, value)), [])

    def test_each_missing_field_is_found(self):
        for key in ALERT:
            with self.subTest(key=key):
                self.assertNotEqual(faults(line_with([key], None)), [])
        optional = {"client"}
        for key in set(ALERT["alert"]["context"]) - optional:
            with self.subTest(key=key):
                path = ["alert", "context", key]
                self.assertNotEqual(faults(line_with(path, None)), [])

    def test_broken_lines_are_found(self):
        good = json.dumps(ALERT).encode()
        for line in [
            good,  # no line end
            b"\n",
            good[:-1] + b"\n",
            good.replace(b"a.pcap", b"\xff.pcap") + b"\n",
            b'{"pcap_cnt": 1, ' + good[1:] + b"\n",  # a key twice
        ]:
            self.assertNotEqual(faults(line), [])


if __name__ == "__main__":
    unittest.main()
