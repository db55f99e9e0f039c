"""The socket on which people and Prometheus are heard, bound before anything else says that we are ready."""

import socket

from supervisor.platform import REUSE_ADDRESS

BACKLOG = 512
"""Connections that the kernel keeps until they are accepted. In a storm there must be room for a scraper."""


class BindError(Exception):
    """Cannot listen there; the text names the address and the reason."""


def bind(host: str, port: int) -> socket.socket:
    """A listening TCP socket at this address; port 0 is one that the system chooses.

    It listens at once, so that nobody else can take the port; who connects is served when the server starts. Raises
    BindError.
    """
    shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise BindError(f"cannot listen on {shown}: {error.strerror or error}") from None
    try:
        if REUSE_ADDRESS:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise BindError(f"cannot listen on {shown}: {error.strerror or error}") from None
    return listener
