#!/usr/bin/python3
"""Mail for tests/live.sh: servers that answer at once, a client, a clock for event lines.

live_mail.py serve ADDRESS [NEXT]   an SMTP server that accepts everything, except mail for
                                    refused.example; with NEXT it forwards it there at once
live_mail.py send FROM TO RECIPIENT [COUNT [OCTETS]]
live_mail.py stamp                  puts the seconds that each line on standard input came
                                    after its own timestamp in front of it
"""

import datetime
import json
import smtplib
import socketserver
import sys
import time

PORT = 25
WAIT_SECONDS = 60


def deliver(source, name, target, sender, recipients, message):
    with smtplib.SMTP(
        target, PORT, name, WAIT_SECONDS, source_address=(source, 0)
    ) as smtp:
        smtp.sendmail(sender, recipients, message)


class Session(socketserver.StreamRequestHandler):
    timeout = WAIT_SECONDS

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def take_message(self):
        self.say("354 go ahead")
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        if self.server.next_hop is not None:
            deliver(
                self.server.server_address[0],
                self.server.name,
                self.server.next_hop,
                self.sender,
                self.recipients,
                f"Received: by {self.server.name}\r\n".encode() + b"".join(lines),
            )
        self.say("250 taken")

    def take_recipient(self, line):
        if "@refused.example" in line:
            self.say("550 5.7.1 relaying denied")
            return
        self.recipients.append(line[8:].strip(" <>\r\n"))
        self.say("250 ok")

    def handle(self):
        self.say(f"220 {self.server.name} ESMTP")
        while line := self.rfile.readline().decode("latin-1"):
            verb = line[:4].upper()
            if verb == "MAIL":
                self.sender, self.recipients = line[10:].split(">")[0].strip(" <"), []
                self.say("250 ok")
            elif verb == "RCPT":
                self.take_recipient(line)
            elif verb == "DATA":
                self.take_message()
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say(f"250 {self.server.name}")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


def serve(address, next_hop=None):
    with Server((address, PORT), Session) as server:
        server.next_hop = next_hop
        # Like first octets on both sides would look like a port forward.
        server.name = "mx.example.org" if next_hop else "mail.third.example"
        server.serve_forever()


def send(source, target, recipient, count="1", octets="200"):
    for i in range(int(count)):
        body = "".join(f"line {n}\r\n" for n in range(int(octets) // 8))
        message = f"Message-ID: <{time.time_ns()}.{i}@spam.example>\r\n\r\n{body}"
        try:
            deliver(
                source,
                "client.spam.example",
                target,
                "spammer@spam.example",
                [recipient],
                message,
            )
        except smtplib.SMTPRecipientsRefused:
            pass


def stamp():
    for line in sys.stdin:
        text = json.loads(line)["timestamp"]
        said = datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z")
        print(f"{time.time() - said.timestamp():.3f} {line}", end="", flush=True)


if __name__ == "__main__":
    {"serve": serve, "send": send, "stamp": stamp}[sys.argv[1]](*sys.argv[2:])
