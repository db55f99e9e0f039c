"""`${NAME}` and `${NAME:-default}` in the values of a config, replaced from the environment.

- Replaced after the YAML was parsed: whatever is in a variable, it stays inside its one value.
- Keys are never replaced, and what came out of a variable is not looked at again.
- As in a shell, the default is taken if the variable is unset or empty. `$${` gives `${` itself; a `$` alone is a `$`.
- A variable that is not set and has no default is a fault.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from supervisor.config.reading.faults import Faults
from supervisor.frozen import replace
from supervisor.yaml_lines import Expanded, Node, shown_text

_REFERENCE: Final = re.compile(r"\$\$\{|\$\{(?P<inside>[^{}]*)\}|\$\{")
_INSIDE: Final = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>.*))?", re.ASCII | re.DOTALL)


class _Refused(Exception):
    """What is wrong with a reference, and what would be right."""


def expand(node: Node, env: Mapping[str, str], faults: Faults) -> Node:
    """The same tree with every variable replaced."""
    if isinstance(node.value, dict):
        return replace(node, value={key: expand(entry, env, faults) for key, entry in node.value.items()})
    if isinstance(node.value, list):
        return replace(node, value=[expand(item, env, faults) for item in node.value])
    if not isinstance(node.value, str) or "${" not in node.value:
        return node
    try:
        return replace(node, value=Expanded(_REFERENCE.sub(lambda match: _replaced(match, env), node.value)))
    except _Refused as refused:
        wrong, right = refused.args
        faults.add(node.line, node.path, wrong, right)
        return replace(node, usable=False)


def _replaced(match: re.Match[str], env: Mapping[str, str]) -> str:
    if match[0] == "$${":
        return "${"
    inside = _INSIDE.fullmatch(match["inside"] or "")
    if inside is None:
        raise _Refused(
            f"{shown_text(match[0])} names no variable",
            "write ${NAME} or ${NAME:-default}, the default without braces, or $${ for ${ itself",
        )
    name, default = inside["name"], inside["default"]
    if default is not None:
        return env.get(name) or default
    if name not in env:
        raise _Refused(f"${{{name}}} is not set in the environment", f"set {name}, or write ${{{name}:-default}}")
    return env[name]
