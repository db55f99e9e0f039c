"""One YAML file in, one validated `Config` out, or every fault at once.

The way of a file: bytes, text, tree with lines, variables replaced, defaults merged into each gateway, model, policies.
A fault ends the way only where nothing more can be read; all faults found by then are told together.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from supervisor.config.advice import warnings_of
from supervisor.config.consistency import compare_gateways
from supervisor.config.model import FileKeys, GatewayKeys
from supervisor.config.notify_keys import compare_targets, targets_of
from supervisor.config.policies import policy_of
from supervisor.config.reading.faults import ConfigError, Fault, Faults, refuse
from supervisor.config.reading.text_file import read_text
from supervisor.config.reading.variables import expand
from supervisor.config.settings import (
    Config,
    Gates,
    Http,
    Journal,
    Log,
    Security,
    beside,
    runtime_path,
    state_path,
)
from supervisor.config.translate import find, tell, tell_of_part
from supervisor.config.values.readers import Wrong, endpoint, is_nothing
from supervisor.config.values.resets import reset_notes
from supervisor.config.web_file import read_web_file
from supervisor.frozen import replace
from supervisor.yaml_lines import Node, parse, shown_text

__all__ = ["FIRST_LOOK_CLIENT_ID", "FIRST_LOOK_NAME", "Config", "ConfigError", "Fault", "for_first_look", "load"]

FIRST_LOOK_NAME: Final = "gateway"
FIRST_LOOK_CLIENT_ID: Final = 911


def load(path: Path, env: Mapping[str, str], now: datetime | None = None) -> Config:
    """The config in this file. Relative paths in it, and `${VAR}`, are resolved with `env`.

    `now` (aware; default: the present) chooses the table of server resets and is where warnings look ahead from.
    Raises ConfigError with all faults.
    """
    now = now or datetime.now(UTC)
    faults = Faults(str(path))
    text = read_text(path, faults)
    root = None if text is None else parse(text, faults)
    if root is None or (root.value is None and root.usable):
        refuse(faults)
        faults.add(0, "", "the file is empty", "write at least gateways: [{name: live, port: 4001, client_id: 911}]")
        raise ConfigError(faults.told())
    root = _with_defaults(expand(root, env, faults))
    keys = _validated(root, faults)
    compare_gateways(find(root, ("gateways",))[0].items if "gateways" in root.entries else [], faults)
    compare_targets(root, faults)
    targets = targets_of(keys.notify, root, path, env, faults) if keys is not None else ()
    web_config = _web_config(root, path, faults)
    security = _security(web_config, faults)
    if keys is None:  # expected never to be: what is not valid was told
        raise ConfigError((Fault(str(path), 0, "", "not valid"),))
    policies = tuple(policy_of(gateway, keys.show_accounts, now.date()) for gateway in keys.gateways)
    config = Config(
        gateways=policies,
        http=Http(keys.http.listen, web_config, security, keys.http.names),
        journal=Journal(
            state_path(keys.journal.path, path, env), keys.journal.retention, _line_of(root, "journal", "path")
        ),
        log=Log(keys.log.level, keys.log.format, state_path(keys.log.wire, path, env) if keys.log.wire else None),
        gate=Gates(
            runtime_path(keys.gate.directory, path, env) if keys.gate.directory else None,
            _line_of(root, "gate", "directory"),
        ),
        show_accounts=keys.show_accounts,
        path=path,
        notify=targets,
        heartbeat_url=keys.heartbeat_url,
        heartbeat_every=keys.heartbeat_every,
        notes=tuple((each.name, note) for each in keys.gateways for note in reset_notes(each.server_reset, now.date())),
    )
    return replace(config, warnings=warnings_of(config, keys, root, now))


def for_first_look(host_port: str, now: datetime | None = None) -> Config:
    """The config of `run --gateway HOST:PORT`: one gateway with every default, and nothing kept.

    Raises ValueError, with what would be right, if this is no host and port.
    """
    try:
        gateway = endpoint(lowest_port=1, example=4001)(host_port)
    except Wrong as wrong:
        raise ValueError(f'"{shown_text(host_port)}" {wrong}') from None
    keys = GatewayKeys(name=FIRST_LOOK_NAME, host=gateway.host, port=gateway.port, client_id=FIRST_LOOK_CLIENT_ID)
    return Config((policy_of(keys, show_accounts=False, today=(now or datetime.now(UTC)).date()),))


def _line_of(root: Node, *place: str) -> int:
    node, left = find(root, place)
    return 0 if left else node.line


def _web_config(root: Node, path: Path, faults: Faults) -> Path | None:
    """The file with TLS and users; None, with a fault, if it is named and not there."""
    node, left = find(root, ("http", "web_config"))
    if left or not node.usable or not isinstance(node.value, str) or is_nothing(node.value):
        return None
    file = beside(node.value.strip(), path)
    if not os.path.isfile(file):  # unlike Path.is_file, False also for what can be no path
        faults.add(node.line, node.path, f"{node.shown()} is not a file", "write the path of one, or null")
        return None
    return file


def _security(path: Path | None, others: Faults) -> Security:
    """What that file says. Raises ConfigError with its faults, after those of the config itself."""
    faults = Faults(str(path))
    security = Security() if path is None else read_web_file(path, faults)
    if others.found or faults.found:
        raise ConfigError((*others.told(), *faults.told()))
    return security


def _with_defaults(root: Node) -> Node:
    """The tree with `defaults` merged into each gateway."""
    defaults, gateways = root.entries.get("defaults"), root.entries.get("gateways")
    if defaults is None or gateways is None or not gateways.items:
        return root
    merged = [_merged(defaults, item) if isinstance(item.value, dict) else item for item in gateways.items]
    return replace(root, value={**root.entries, "gateways": replace(gateways, value=merged)})


def _merged(default: Node, own: Node) -> Node:
    """Mappings merge key by key; of anything else the gateway's own counts."""
    if not (isinstance(default.value, dict) and isinstance(own.value, dict)):
        return own
    both = {key: _merged(default.value[key], node) if key in default.value else node for key, node in own.value.items()}
    return replace(own, value={**default.value, **both})


def _validated(root: Node, faults: Faults) -> FileKeys | None:
    """The model of the file; None, with faults, if it is not valid."""
    if "defaults" in root.entries:
        try:
            GatewayKeys.model_validate(root.entries["defaults"].plain() or {})
        except ValidationError as error:
            tell_of_part(error, root.entries["defaults"], faults)
    try:
        return FileKeys.model_validate(root.plain())
    except ValidationError as error:
        tell(error, FileKeys, root, faults)
        return None
