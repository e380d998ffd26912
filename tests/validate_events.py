#!/usr/bin/python3
"""Validates event lines: every one against our own schema, alerts also against the schema
that Suricata publishes for EVE, where a copy is at hand.

usage: validate_events.py FILE...   (RELAYWATCH_EVE_SCHEMA names Suricata's schema)
Exit status: 0 valid, 1 not. Shows the first faults of each kind.
"""

import json
import os
import sys

import jsonschema

HERE = os.path.dirname(os.path.abspath(__file__))
EVE_SCHEMA = os.environ.get(
    "RELAYWATCH_EVE_SCHEMA", os.path.join(HERE, "../../shared/eve/schema.json")
)
FAULTS_SHOWN = 10


def load(path):
    with open(path, encoding="utf-8") as file:
        schema = json.load(file)
    validator = jsonschema.validators.validator_for(schema, jsonschema.Draft7Validator)
    validator.check_schema(schema)
    return validator(schema)


def no_duplicates(pairs):
    keys = [key for key, _ in pairs]
    if len(keys) != len(set(keys)):
        raise ValueError("a key occurs twice")
    return dict(pairs)


def faults_of(line, own, eve):
    """Yields what is wrong with one line (bytes, with its line end)."""
    if not line.endswith(b"\n"):
        yield "the last line has no end"
    try:
        event = json.loads(line.decode("utf-8"), object_pairs_hook=no_duplicates)
    except ValueError as error:
        yield str(error)
        return
    validators = [("ours", own)]
    if eve is not None and event.get("event_type") == "alert":
        validators.append(("Suricata's", eve))
    for name, validator in validators:
        for error in validator.iter_errors(event):
            where = "/".join(str(part) for part in error.absolute_path)
            yield f"{name}: {where}: {error.message[:300]}"


def main(paths):
    own = load(os.path.join(HERE, "alert.schema.json"))
    eve = load(EVE_SCHEMA) if os.path.exists(EVE_SCHEMA) else None
    if eve is None:
        print("no copy of Suricata's EVE schema here: alerts are held to ours only")
    lines = faults = 0
    for path in paths:
        with open(path, "rb") as file:
            for number, line in enumerate(file, 1):
                lines += 1
                for fault in faults_of(line, own, eve):
                    faults += 1
                    if faults <= FAULTS_SHOWN:
                        print(f"{path}:{number}: {fault}")
    print(f"{lines} events, {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
