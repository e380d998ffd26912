#!/usr/bin/python3
"""What is left of alert lines at the end: one line per finding and verdict, sorted.

An occurrence is counted once, under the strongest verdict it reached, and every line of a
finding carries the count so far: of each (id, verdict, window) the last line holds, and
windows add up. Reads JSON lines, prints what pcaps/*.expect are written in.
"""

import json
import sys


def endpoint(address, port):
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def main():
    last = {}
    for line in sys.stdin:
        event = json.loads(line)
        if event["event_type"] != "alert":
            continue
        context = event["alert"]["context"]
        last[context["id"], context["verdict"], context.get("first_seen")] = context
    counts = {}
    for c in last.values():
        server = endpoint(c["server"], c["server_port"])
        client = c.get("client", "-")
        key = (
            f"alert {c['kind']} {c['verdict']} {c['mechanism']}"
            f" server={server} client={client}"
        )
        counts[key] = counts.get(key, 0) + c["count"]
    for key in sorted(counts):
        if counts[key] > 0:
            print(f"{key} count={counts[key]}")


if __name__ == "__main__":
    main()
