"""Stands in for a gateway under IBC, as a unit: a simulated gateway, IBC's log and IBC's command server.

Runs inside the machine by its own python3, with nothing but the standard library. A file in WISHES says what is wrong
at the next start: `dialog`, it waits for the second factor; `crash`, it ends at once.
"""

import datetime
import pathlib
import signal
import socketserver
import subprocess
import sys
import threading
import types

PORT, CONTROL, COMMANDS = 4011, 4811, 7462
WISHES = pathlib.Path("/var/lib/stand-in")
LOG = pathlib.Path("/var/log/ibc/ibc-3.24_GATEWAY-1030_Friday.txt")
SIMULATE = ("/usr/local/bin/ib-supervisor", "simulate", "--port", str(PORT), "--control", str(CONTROL))


def say(text: str) -> None:
    now = datetime.datetime.now().astimezone()
    with LOG.open("a") as log:
        log.write(f"{now:%Y-%m-%d %H:%M:%S}:000 IBC: {text}\n")


class Gateway:
    """The process that would be the JVM."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        say("Starting Gateway")
        if (WISHES / "dialog").exists():
            say("Second Factor Authentication initiated")
            return
        self.process = subprocess.Popen(SIMULATE)
        (WISHES / "pid").write_text(str(self.process.pid))
        say("Login has completed")

    def restart(self) -> None:
        say("RestartTask: verb = RESTART")
        self.end()
        say("autorestart file found at /home/ib/Jts/abc/autorestart")
        self.start()

    def end(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait()


gateway = Gateway()


class Commands(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        command = self.rfile.readline().decode().strip().upper()
        with (WISHES / "heard").open("a") as heard:
            heard.write(f"{command}\n")
        if command == "RESTART":
            self.wfile.write(b"OK RESTART in progress\nOK RESTART at 03:21 PM\n")
            threading.Thread(target=gateway.restart).start()
        else:
            self.wfile.write(b"OK Goodbye\n" if command == "EXIT" else b"ERROR Command invalid\n")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


def ended(number: int, frame: types.FrameType | None) -> None:
    gateway.end()
    sys.exit(0)


if (WISHES / "crash").exists():
    sys.exit(1)
signal.signal(signal.SIGTERM, ended)
gateway.start()
Server(("127.0.0.1", COMMANDS), Commands).serve_forever()
