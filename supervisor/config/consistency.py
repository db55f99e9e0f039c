"""What must hold between gateways: names are unique, and no client id is used twice on one host and port.

Judged on the tree, not on the model: a gateway with a fault elsewhere is still compared with the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from supervisor.config.model import DEFAULT_HOST
from supervisor.config.reading.faults import Faults
from supervisor.config.values import readers
from supervisor.core.model.behind.canary import CanaryPolicy
from supervisor.yaml_lines import Node

_T = TypeVar("_T")
_Said = tuple[Node, Node]
"""A gateway and the value in question, which may stand in `defaults`."""

_PORT = readers.whole_number(1, readers.HIGHEST_PORT)
_CLIENT_ID = readers.whole_number(1, readers.HIGHEST_CLIENT_ID)
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def compare_gateways(gateways: list[Node], faults: Faults) -> None:
    """Note what two gateways may not have in common."""
    names: dict[str, _Said] = {}
    ids: dict[tuple[str, int, int], _Said] = {}
    for gateway in gateways:
        for name, node in _read(gateway, "name", readers.name):
            first = names.setdefault(name, (gateway, node))
            if first[0] is not gateway:
                both = f"{gateway.path} and of {_where(first)}"
                said = node.said(f'"{name}"')
                faults.add(node.line, node.path, f"{said} is the name of {both}", "write another name")
        for host, port in _addresses(gateway):
            for client_id, node in _client_ids(gateway):
                first = ids.setdefault((machine(host), port, client_id), (gateway, node))
                if first[0] is not gateway:
                    both = f"{gateway.path} and of {_where(first)}, on the same host and port"
                    right = "write an id that nobody else uses there"
                    said = node.said(str(client_id))
                    faults.add(node.line, node.path, f"{said} is a client id of {both}", right)
            for client_id, node in _canary_ids(gateway):
                first = ids.setdefault((machine(host), port, client_id), (gateway, node))
                if first[1] is not node:
                    right = "write canary.client_id, with an id that nobody else uses there"
                    said = f"{client_id}, of the canary, is a client id of {_where(first)}, on the same host and port"
                    faults.add(node.line, node.path, said, right)


def machine(host: str) -> str:
    """One name for all the names of this machine's loopback; other hosts are what they are called."""
    return "localhost" if host.lower() in _LOOPBACK else host.lower()


def is_loopback(host: str) -> bool:
    """Whether this is the machine itself, so that its kernel has both ends of a connection."""
    return machine(host) == "localhost" or host.startswith("127.")


def _addresses(gateway: Node) -> Iterator[tuple[str, int]]:
    """Host and port, if both are right."""
    for port, _ in _read(gateway, "port", _PORT):
        if "host" not in gateway.entries:
            yield DEFAULT_HOST, port
        for host, _ in _read(gateway, "host", readers.host):
            yield host, port


def _client_ids(gateway: Node) -> Iterator[tuple[int, Node]]:
    """The ids that this gateway's session may use. One said twice is told as a conflict of its own keys."""
    yield from _read(gateway, "client_id", _CLIENT_ID)
    yield from _read(gateway, "client_id_fallback", _CLIENT_ID)


def _canary_ids(gateway: Node) -> Iterator[tuple[int, Node]]:
    """The id of the canary's own connection, which has a default."""
    canary = gateway.entries.get("canary")
    if canary is not None and canary.entries:
        if "client_id" not in canary.entries:
            yield CanaryPolicy(()).client_id, canary
        yield from _read(canary, "client_id", _CLIENT_ID)


def _where(said: _Said) -> str:
    gateway, node = said
    return f"{gateway.path}, line {node.line}"


def _read(gateway: Node, key: str, read: Callable[[object], _T]) -> Iterator[tuple[_T, Node]]:
    """The value of a key, if it is there and right; what is not right is told elsewhere."""
    node = gateway.entries.get(key)
    if node is not None and node.usable:
        try:
            yield read(node.plain()), node
        except readers.Wrong:
            return
