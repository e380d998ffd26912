# SPDX-License-Identifier: BSD-2-Clause
"""Runs relaywatch on input that may be damaged and says what is wrong with the run.

A run is sound when the exit status is 0, 65 or 66, no sanitizer reports anything, and
every line of output is valid JSON in UTF-8. A module for tests/damage.py and
tests/captures.py.
"""
import json
import shlex
import subprocess

ALL_TYPES = "alert,smtp,proxy,stats"
STATUSES = (0, 65, 66)
SECONDS_MAX = 120
REPORTS = (b"ERROR: AddressSanitizer", b"ERROR: LeakSanitizer", b"runtime error:",
    b"WARNING: ThreadSanitizer", b"WARNING: MemorySanitizer")


def run(program, arguments):
    """(events, problems): problems is a list of texts, empty for a sound run."""
    command = [program, "-q", "-l", ALL_TYPES, *arguments]
    again = "again: " + shlex.join(command)
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, timeout=SECONDS_MAX, check=False)
    except subprocess.TimeoutExpired:
        return [], [f"not done after {SECONDS_MAX} s\n  {again}"]
    events, problems = [], []
    if done.returncode not in STATUSES:
        problems.append(f"ended with {done.returncode}")
    if any(report in done.stderr for report in REPORTS):
        problems.append("a sanitizer's report")
    if done.stdout and not done.stdout.endswith(b"\n"):
        problems.append("the last line has no end")
    for number, line in enumerate(done.stdout.splitlines(), 1):
        try:
            events.append(json.loads(line.decode("utf-8")))
        except ValueError as error:
            problems.append(f"line {number}: {error}")
    if problems:
        problems = problems[:5] + [again]
        problems += done.stderr.decode("utf-8", "replace").splitlines()[:40]
    return events, problems
