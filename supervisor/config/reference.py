"""The keys of the config file as tables for the documentation, made of the models.

- docs/configuration.md holds these tables between two markers; a test fails when they are stale.
- `python -m supervisor.config.reference docs/configuration.md` writes them again.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from supervisor.config.keys import Keys, Reads
from supervisor.config.model import FileKeys, GatewayKeys, HttpKeys, JournalKeys, LogKeys, TimingKeys
from supervisor.config.notify_keys import QuietKeys, TargetKeys
from supervisor.config.values.canary_keys import CanaryContractKeys, CanaryKeys
from supervisor.config.values.controller_keys import KINDS
from supervisor.config.values.gate_keys import GateFileKeys, GateKeys
from supervisor.config.values.readers import ALL, Endpoint
from supervisor.config.values.recovery_keys import RecoveryKeys, RungKeys
from supervisor.config.values.window_keys import DailyRestartKeys, OnceWindowKeys, WeeklyRestartKeys, WeeklyWindowKeys
from supervisor.core.calendar.durations import written

BEGIN: Final = "<!-- keys: begin -->\n"
END: Final = "<!-- keys: end -->\n"

SECTIONS: Final[tuple[type[Keys], ...]] = (
    FileKeys,
    GatewayKeys,
    GateKeys,
    TimingKeys,
    DailyRestartKeys,
    WeeklyRestartKeys,
    OnceWindowKeys,
    WeeklyWindowKeys,
    *KINDS.values(),
    RecoveryKeys,
    RungKeys,
    CanaryKeys,
    CanaryContractKeys,
    HttpKeys,
    JournalKeys,
    LogKeys,
    GateFileKeys,
    TargetKeys,
    QuietKeys,
)
_NOT_SO_PLAIN: Final[dict[tuple[type[BaseModel], str], str]] = {
    (GatewayKeys, "required_farms"): f"`{ALL}`",
    (GatewayKeys, "reauth"): "by account_mode",
    (TargetKeys, "gateways"): f"`{ALL}`",
    (TargetKeys, "format"): "by the URL",
    (GatewayKeys, "kernel"): "by host",
    (GatewayKeys, "server_reset"): "the weekend's",
}
"""Defaults that the model holds as something else than what a file would say."""


def tables() -> str:
    """All keys: a heading and a table for each mapping of the file."""
    return "\n".join(line for model in SECTIONS for line in _section(model))


def with_tables(page: str) -> str:
    """The page with what is between the markers made again. Raises ValueError without markers."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the page needs the lines {BEGIN.strip()} and {END.strip()}")
    return f"{before}{begin}\n{tables()}\n{end}{after}"


def shown_default(model: type[BaseModel], name: str) -> str:
    """The default of a key as a file would say it; empty for a key that is required."""
    field = model.model_fields[name]
    if field.is_required():
        return ""
    return _NOT_SO_PLAIN.get((model, name)) or f"`{_written(field.get_default(), field)}`"


def _section(model: type[Keys]) -> Iterator[str]:
    yield from (f"### {(model.__doc__ or '').rstrip('.')}", "")
    yield from ("| key | default | value | meaning |", "| --- | --- | --- | --- |")
    for name, field in model.model_fields.items():
        default = shown_default(model, name) or "required"
        yield f"| `{field.alias or name}` | {default} | {_form(field)} | {field.description} |"
    yield ""


def _form(field: FieldInfo) -> str:
    """How the value is written."""
    forms = [each.form for each in field.metadata if isinstance(each, Reads)]
    return ", ".join(forms)


def _written(value: Any, field: FieldInfo) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return written(value)
    if isinstance(value, BaseModel | dict):
        return "{}"
    if isinstance(value, tuple):
        return "[]"
    if isinstance(value, StrEnum | Endpoint | int):
        return str(value)
    return "null" if value is None else value


if __name__ == "__main__":
    page = Path(sys.argv[1])
    page.write_text(with_tables(page.read_text(encoding="utf-8")), encoding="utf-8")
