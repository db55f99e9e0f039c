"""What else may listen on a port that is taken for the gateway's: one question that other servers answer.

A gateway speaks first once it has our greeting. A web server waits for the end of a line, which that greeting lacks, so
it looks like a gateway that hangs. Asked as a web server is asked, it names itself; so do SSH and TLS.
"""

import contextlib
import socket

from supervisor.gateway.framing import spoken

QUESTION = b"GET / HTTP/1.0\r\n\r\n"
ENOUGH = 16
"""Bytes that show which protocol an answer is."""


def named(host: str, port: int, timeout: float) -> str:
    """`HTTP`, `SSH`, `TLS`, or nothing. It takes at most about `timeout` seconds for each address of the host."""
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout) as connection:
        connection.sendall(QUESTION)
        return spoken(connection.recv(ENOUGH))
    return ""
