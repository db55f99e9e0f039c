"""The file that `http.web_config` names: TLS and basic auth, in the format of Prometheus' exporter-toolkit.

- One file serves this daemon and every exporter beside it, and `promtool check web-config` accepts it. Facts:
  https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md
- What cannot be kept here is refused and not overlooked: a cipher list that nobody applies is worse than none.
- Certificates are read once to see that they fit, so that `check-config` tells and no start fails over them.
- Relative paths are taken from this file's folder. Keys and hashes appear in no message.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Final

from supervisor.config.reading.faults import Faults, how_to_install
from supervisor.config.reading.settled import settled_text
from supervisor.config.settings import Security, Tls, beside
from supervisor.config.values.readers import did_you_mean, is_nothing
from supervisor.yaml_lines import Node, below, parse

if TYPE_CHECKING:
    import ssl

HIGHEST_COST: Final = 14
"""bcrypt's exponent: with 14 a login takes a second, with each more twice as long."""

_BCRYPT: Final = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{31}", re.ASCII)
"""The salt is 16 bytes, so only four signs can be its last. The library raises an error for any other."""
_SECTIONS: Final = ("tls_server_config", "basic_auth_users", "http_server_config")
_TLS_KEYS: Final = ("cert_file", "key_file", "client_auth_type", "client_ca_file", "min_version", "max_version")
_VERSIONS: Final = ("TLS12", "TLS13")
_CLIENTS: Final = ("NoClientCert", "VerifyClientCertIfGiven", "RequireAndVerifyClientCert")
_NOT_KEPT: Final = frozenset(
    {"rate_limit", "cert", "key", "client_ca", "client_allowed_sans", "cipher_suites", "prefer_server_cipher_suites"}
    | {"curve_preferences", "headers"}
)


def read_web_file(path: Path, faults: Faults) -> Security:
    """What the file asks for. Notes every fault; the result is of use only if there is none."""
    text = settled_text(path, faults)
    if text is not None and not text.strip():
        faults.add(0, "", "is empty", "write TLS or users into it, or leave web_config out")
        return Security()
    root = None if text is None else parse(text, faults)
    if root is None or is_nothing(root.value):
        return Security()
    sections = _keys(root, _SECTIONS, faults)
    if "http_server_config" in sections:  # HTTP/2 is offered by the server, and this one offers none
        _keys(sections["http_server_config"], ("http2",), faults)
    users = _users(sections["basic_auth_users"], faults) if "basic_auth_users" in sections else ()
    tls = _tls(sections["tls_server_config"], path, faults) if "tls_server_config" in sections else None
    return Security(tls, users)


def server_context(tls: Tls) -> ssl.SSLContext:
    """What a server needs for that. Raises OSError if the files cannot be read or do not fit each other."""
    import ssl  # here, for few serve TLS and each start would pay for it

    versions = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
    asked = dict(zip(_CLIENTS, (ssl.CERT_NONE, ssl.CERT_OPTIONAL, ssl.CERT_REQUIRED), strict=True))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = versions[tls.min_version]
    if tls.max_version is not None:
        context.maximum_version = versions[tls.max_version]
    context.load_cert_chain(tls.cert, tls.key, password=lambda: b"")  # never ask a terminal for the key's password
    if tls.client_ca is not None:
        context.load_verify_locations(tls.client_ca)
    context.verify_mode = asked[tls.clients]
    return context


def _tls(node: Node, path: Path, faults: Faults) -> Tls | None:
    keys = _keys(node, _TLS_KEYS, faults)
    for needed in ("cert_file", "key_file"):
        if needed not in keys:
            faults.add(node.line, below(node.path, needed), "missing", f"write {needed}: FILE")
    files = {
        name: _file(keys[name], path, faults) for name in ("cert_file", "key_file", "client_ca_file") if name in keys
    }
    clients = _one_of(keys.get("client_auth_type"), _CLIENTS, faults) or "NoClientCert"
    least = _one_of(keys.get("min_version"), _VERSIONS, faults) or "TLS12"
    most = _one_of(keys.get("max_version"), _VERSIONS, faults)
    if most is not None and most < least:
        faults.add(keys["max_version"].line, keys["max_version"].path, f"{most} is below min_version", "write TLS13")
    authority = files.get("client_ca_file")
    if (authority is None) is not (clients == "NoClientCert") and "client_ca_file" not in files:
        faults.add(node.line, below(node.path, "client_ca_file"), "missing", f"{clients} needs client_ca_file: FILE")
    cert, key = files.get("cert_file"), files.get("key_file")
    if cert is None or key is None or faults.found:
        return None
    tls = Tls(cert, key, authority, clients, least, most)
    try:
        server_context(tls)
    except OSError as error:  # ssl.SSLError is one
        reason = getattr(error, "reason", None) or error.strerror or error
        faults.add(node.line, node.path, f"cannot be used: {reason}", "name a certificate in PEM and its own key")
    return tls


def _users(node: Node, faults: Faults) -> tuple[tuple[str, str], ...]:
    if not isinstance(node.value, dict):
        faults.add(node.line, node.path, "is not a mapping", "write NAME: HASH below it")
        return ()
    users = []
    for name, entry in node.value.items():
        shape = _BCRYPT.fullmatch(entry.value) if isinstance(entry.value, str) else None
        if not name or ":" in name:
            faults.add(entry.line, entry.path, "is not a user name", "write at least one sign, and no colon")
        elif shape is None:
            faults.add(entry.line, entry.path, "is not a bcrypt hash", "make one by htpasswd -nBC 10 NAME")
        elif not 4 <= int(shape[1]) <= HIGHEST_COST:
            faults.add(
                entry.line, entry.path, f"its cost is not 4 to {HIGHEST_COST}", "make one by htpasswd -nBC 10 NAME"
            )
        else:
            users.append((name, str(entry.value)))
    if users and importlib.util.find_spec("bcrypt") is None:
        faults.add(node.line, node.path, "needs the package bcrypt", how_to_install("bcrypt"))
    return tuple(users)


def _keys(node: Node, known: Collection[str], faults: Faults) -> dict[str, Node]:
    """The entries of a mapping that are known and not null; a fault for every other."""
    if node.entries or not is_nothing(node.value):
        if not isinstance(node.value, dict):
            faults.add(
                node.line, node.path, f"{node.shown()} is not a mapping", "write its keys below it, as KEY: VALUE"
            )
        for name, entry in node.entries.items():
            if name in _NOT_KEPT:
                faults.add(entry.line, entry.path, "is not supported", "leave it out")
            elif name not in known:
                faults.add(entry.line, entry.path, "unknown key", did_you_mean(name, known))
    return {name: entry for name, entry in node.entries.items() if name in known and not is_nothing(entry.value)}


def _one_of(node: Node | None, known: Collection[str], faults: Faults) -> str | None:
    if node is None:
        return None
    if isinstance(node.value, str) and node.value in known:
        return node.value
    faults.add(node.line, node.path, f"{node.shown()} is not supported", f"write {', '.join(known)}")
    return None


def _file(node: Node, path: Path, faults: Faults) -> Path | None:
    file = beside(node.value, path) if isinstance(node.value, str) else None
    if file is None or not file.is_file():
        faults.add(node.line, node.path, f"{node.shown()} is not a file", "write the path of one")
        return None
    return file
