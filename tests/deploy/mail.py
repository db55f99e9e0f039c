"""A mail server that takes every letter and keeps it."""

import socketserver
import threading
from contextlib import suppress
from typing import Self


class MailServer:
    """SMTP on loopback, as much of it as Alertmanager speaks; a context manager."""

    def __init__(self) -> None:
        self.letters: list[str] = []
        letters = self.letters

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                with suppress(ConnectionError):
                    self._talk()

            def _talk(self) -> None:
                self._say("220 ready")
                while line := self.rfile.readline():
                    word = line.strip().upper()
                    if word == b"DATA":
                        self._say("354 go on")
                        letters.append(self._letter())
                    elif word == b"QUIT":
                        self._say("221 bye")
                        return
                    self._say("250 ok")

            def _letter(self) -> str:
                lines = []
                while (line := self.rfile.readline()) not in (b".\r\n", b""):
                    lines.append(line)
                return b"".join(lines).decode()

            def _say(self, words: str) -> None:
                self.wfile.write(words.encode() + b"\r\n")

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
