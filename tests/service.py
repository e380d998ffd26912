#!/usr/bin/env python3
"""Starts relaywatch as the unit (argument) does and plays its service manager.

Runs as root in namespaces of its own; tests/service.sh makes them.
"""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

UID = 65534
WATCHDOG_SEC = 1.0

problems = []


def check(holds, text):
    if not holds:
        problems.append(text)


def unit_values(path):
    """Each setting's values, one a line of the unit."""
    values = {}
    for line in path.read_text().replace("\\\n", "").splitlines():
        if "=" in line and not line.startswith("#"):
            key, value = line.split("=", 1)
            values.setdefault(key, []).append(value)
    return values


def syscall_set(name):
    """What a name of SystemCallFilter stands for."""
    if not name.startswith("@"):
        return {name}
    text = subprocess.run(
        ["systemd-analyze", "syscall-filter", "--no-pager", name],
        check=True, capture_output=True, text=True,
    ).stdout
    found = set()
    for line in text.splitlines():
        word = line.strip()
        if line.startswith(" ") and not word.startswith("#"):
            found |= syscall_set(word)
    return found


def allowed_syscalls(values):
    allowed = set()
    for value in values["SystemCallFilter"]:
        for name in value.lstrip("~").split():
            names = syscall_set(name)
            allowed = allowed - names if value.startswith("~") else allowed | names
    return allowed


class Manager:
    """A service manager's end of NOTIFY_SOCKET."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        os.chmod(path, 0o777)

    def told(self, timeout):
        """The next message as a dictionary; {} where none comes in time."""
        self.socket.settimeout(timeout)
        try:
            message = self.socket.recv(4096).decode()
        except socket.timeout:
            return {}
        return dict(line.split("=", 1) for line in message.split("\n"))

    def told_of(self, key, timeout=10.0):
        until = time.monotonic() + timeout
        while (left := until - time.monotonic()) > 0:
            message = self.told(left)
            if key in message:
                return message
        return {}

    def count(self, key, seconds):
        until, n = time.monotonic() + seconds, 0
        while (left := until - time.monotonic()) > 0:
            n += key in self.told(left)
        return n


class Service:
    """The program, its surroundings as the unit makes them."""

    def __init__(self, unit):
        self.values = unit_values(unit)
        self.work = pathlib.Path(tempfile.mkdtemp())
        os.chmod(self.work, 0o755)
        self.program = shutil.copy(os.environ["RELAYWATCH"], self.work / "relaywatch")
        self.logs = self.work / "logs"
        self.logs.mkdir(mode=0o750)
        os.chown(self.logs, UID, UID)
        self.output = self.logs / "lo.json"
        self.manager = Manager(self.work / "notify")

    def command(self, *arguments):
        caps = self.values["CapabilityBoundingSet"][0].lower().split()
        check(self.values["AmbientCapabilities"][0].lower().split() == caps,
              "bounding set and ambient set differ")
        wanted = "-all," + ",".join("+" + cap.removeprefix("cap_") for cap in caps)
        return ["setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups",
                "--no-new-privs", f"--bounding-set={wanted}", f"--inh-caps={wanted}",
                f"--ambient-caps={wanted}", *arguments]

    def start(self, interface, *tracer):
        environment = {
            "PATH": os.environ["PATH"],
            "NOTIFY_SOCKET": str(self.work / "notify"),
            "WATCHDOG_USEC": str(int(WATCHDOG_SEC * 1e6)),
        }
        return subprocess.Popen(
            self.command(*tracer, self.program, "-i", interface, "-o", str(self.output),
                         "-s", "tcp"),
            env=environment, cwd="/", stderr=subprocess.PIPE, text=True,
        )

    def end(self, process):
        process.send_signal(signal.SIGTERM)
        check("STOPPING" in self.manager.told_of("STOPPING"), "the end is not told")
        messages = process.communicate(timeout=20)[1]
        check(process.returncode == 0, f"ended with {process.returncode}: {messages}")


def no_interface(service):
    process = service.start("nowhere0")
    messages = process.communicate(timeout=20)[1]
    check(process.returncode == 66, f"no interface: ended with {process.returncode}")
    check("nowhere0" in messages, f"no interface: says {messages}")
    check(service.manager.told(0.1) == {}, "something was told without a capture")


def rights_left(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return dict(re.findall(r"^(Cap\w+|NoNewPrivs):\s*(\w+)", text, re.MULTILINE))


def life(service):
    manager = service.manager
    process = service.start("lo")
    message = manager.told_of("READY")
    check(message.get("STATUS") == "watching lo", f"told {message} at the start")
    packet = pathlib.Path(f"/proc/{process.pid}/net/packet").read_text().splitlines()
    check(len(packet) == 2, "ready, but the capture is not open")
    rights = rights_left(process.pid)
    check(rights["NoNewPrivs"] == "1", "new privileges can be had")
    for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        check(int(rights[name], 16) == 0, f"{name} is {rights[name]}")

    beats = manager.count("WATCHDOG", 3 * WATCHDOG_SEC)
    check(4 <= beats <= 7, f"{beats} signs of life in three intervals")
    process.send_signal(signal.SIGSTOP)
    manager.count("WATCHDOG", 0.2)
    check(manager.count("WATCHDOG", 1.5 * WATCHDOG_SEC) == 0, "alive without turning")
    process.send_signal(signal.SIGCONT)
    check("WATCHDOG" in manager.told_of("WATCHDOG"), "no life after a stop")

    service.output.rename(service.logs / "lo.json.1")
    before = time.monotonic_ns() // 1000
    process.send_signal(signal.SIGHUP)
    message = manager.told_of("RELOADING")
    check(before <= int(message.get("MONOTONIC_USEC", 0)) <= time.monotonic_ns() // 1000,
          f"told {message} when outputs were to be opened anew")
    check("READY" in manager.told_of("READY"), "not ready again")
    check(service.output.exists(), "the output was not opened anew")
    service.end(process)


def system_calls(service):
    if subprocess.run(["strace", "-o", os.devnull, "true"], check=False).returncode != 0:
        print("strace is not allowed here: system calls are not compared")
        return
    trace = service.work / "trace"
    trace.touch()
    os.chmod(trace, 0o666)
    process = service.start("lo", "strace", "-D", "-f", "-o", str(trace))
    check("READY" in service.manager.told_of("READY"), "not ready under strace")
    process.send_signal(signal.SIGHUP)
    check("RELOADING" in service.manager.told_of("RELOADING"), "no reload under strace")
    service.end(process)
    time.sleep(0.5)  # the tracer outlives its child
    text = trace.read_text()
    used = set(re.findall(r"^\d+ +(\w+)\(", text, re.MULTILINE))
    check(len(used) > 20, f"only {used} were seen")
    refused = used - allowed_syscalls(service.values)
    check(not refused, f"the unit forbids what is needed: {sorted(refused)}")
    families = set(re.findall(r"\bsocket\((AF_\w+)", text))
    refused = families - set(service.values["RestrictAddressFamilies"][0].split())
    check(not refused, f"the unit forbids {sorted(refused)}")


def main():
    service = Service(pathlib.Path(sys.argv[1]))
    try:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        # ProcSubset=pid, ProtectProc=invisible; older kernels have neither.
        subprocess.run(["mount", "-t", "proc", "-o", "subset=pid,hidepid=invisible", "proc",
                        "/proc"], check=False)
        no_interface(service)
        life(service)
        system_calls(service)
    finally:
        shutil.rmtree(service.work)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
