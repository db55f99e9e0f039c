"""What a site may choose of the rules: one YAML file, every key optional. README.md beside this shows them all."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import time
from math import inf
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from supervisor.core.model.pages import MARKETS, PAGES, REPEATED, Market, Page, Severity

# What goes into PromQL is looked at, or the files that are written could not be loaded.
_NAME = r"[a-zA-Z_][a-zA-Z0-9_]*"
_WORD = r'[^"\\\n]+'
_MATCHER = rf'\s*{_NAME}\s*(?:=|!=|=~|!~)\s*"(?:[^"\\\n]|\\.)*"\s*'
_TEXTS = {"job": _WORD, "selector": f"(?:{_MATCHER}(?:,{_MATCHER})*)?", "standby": _MATCHER, "runbook_url": r"[^\n]+"}
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
NAMES = {page.name for page in PAGES}


class SettingsError(ValueError):
    """What is wrong with the file, in words."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Numbers inside the patterns. Times are seconds."""

    flaps: int = 5
    """Losses within 10 minutes that are flapping, however short each is."""
    episodes: int = 3
    """Losses within 15 minutes that are flapping if they cost `lost` of that time; within 2 hours it takes 8."""
    lost: float = 0.1
    """Share of 15 minutes; half of it counts over 2 hours."""
    farm_breaks: int = 7
    """Breaks of a farm within 30 minutes."""
    brief: int = 15
    """Seconds of unplanned outages within 12 hours that are worth a warning though none was told."""
    slow: float = 1.0
    """Round trip of a heartbeat that one in ten exceeds."""
    suspect: float = 0.2
    """Share of 5 minutes in which a heartbeat is overdue (`ib_suspect`): about that of a round trip of a second."""
    skew: int = 3
    """Between the gateway's clock and ours."""
    due: int = 14 * 3600
    """Before the restart that asks for the weekly login."""
    desupported: int = 60
    """Days before IBKR refuses the version; 2 days before, it is critical."""
    crashes: int = 4
    """Starts of the supervisor within 20 minutes."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that the generator is told."""

    job: str = "ib-supervisor"
    """Prometheus' job of the supervisors."""
    selector: str = ""
    """More matchers for every metric, such as `cluster="eu"`."""
    keep: tuple[str, ...] = ()
    """Labels of the targets, beside job and instance, that alerts about a supervisor keep."""
    labels: tuple[str, ...] = ()
    """The gateways' own `labels` that alerts carry, for routing: `desk` becomes `label_desk`."""
    standby: str = 'label_role="standby"'
    """How `ib_gateway_info` tells a gateway that another supervisor watches as well."""
    runbook_url: str = "{{ $externalURL }}/user/ib-supervisor/NAME.md"
    """NAME is the alert's name."""
    without: tuple[str, ...] = ()
    """Alerts that are left out."""
    pages: tuple[Page, ...] = PAGES
    """The table, with the file's own severities and waits."""
    markets: tuple[Market, ...] = MARKETS
    repeated: Mapping[Severity, int] = field(default_factory=lambda: dict(REPEATED))
    thresholds: Thresholds = Thresholds()


def load(path: Path | None) -> Settings:
    """The file's settings; the defaults without one. Raises SettingsError."""
    if path is None:
        return Settings()
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, yaml.YAMLError) as error:
        raise SettingsError(f"{path}: {error}") from None
    if not isinstance(document, dict):
        raise SettingsError(f"{path}: expected keys and values")
    return parsed(document)


def parsed(document: Mapping[str, Any]) -> Settings:
    """The settings of a document. Raises SettingsError for what it does not know."""
    known = {
        "job",
        "selector",
        "keep",
        "labels",
        "standby",
        "runbook_url",
        "without",
        "markets",
        "thresholds",
        "repeated",
    }
    known |= {"severity", "paper", "after", "held"}
    _only(document, known, "the file")
    given: dict[str, Any] = {key: _text(document[key], key, shape) for key, shape in _TEXTS.items() if key in document}
    for key in document.keys() & {"keep", "labels", "without"}:
        given[key] = tuple(_text(each, key, _NAME) for each in _kind(document[key], list, key))
    _only(given.get("without", ()), NAMES, "without")
    if "thresholds" in document:
        thresholds = _kind(document["thresholds"], dict, "thresholds")
        _only(thresholds, {each.name for each in fields(Thresholds)}, "thresholds")
        given["thresholds"] = Thresholds(**{key: _number(value, key) for key, value in thresholds.items()})
    if "markets" in document:
        given["markets"] = tuple(_market(each) for each in _kind(document["markets"], list, "markets"))
    if "repeated" in document:
        repeated = _kind(document["repeated"], dict, "repeated")
        given["repeated"] = {
            **REPEATED,
            **{_severity(key): _number(seconds(value), key) for key, value in repeated.items()},
        }
    return Settings(pages=_pages(document), **given)


def seconds(text: str) -> int:
    """A duration such as 45s, 3m or 2h. Raises SettingsError."""
    match = re.fullmatch(r"(\d+)([smhd])", str(text))
    if match is None:
        raise SettingsError(f"{text!r} is not a duration such as 45s, 3m or 2h")
    return int(match[1]) * _UNITS[match[2]]


def duration(value: float) -> str:
    """Seconds as Prometheus writes them."""
    unit = next(unit for unit in "hms" if value % _UNITS[unit] == 0)
    return f"{round(value / _UNITS[unit])}{unit}"


def _pages(document: Mapping[str, Any]) -> tuple[Page, ...]:
    changes: dict[str, dict[str, Any]] = {}
    for key, read in (("severity", _severity), ("paper", _severity), ("after", seconds), ("held", seconds)):
        given = document.get(key, {})
        if not isinstance(given, dict):
            given = dict.fromkeys((page.name for page in PAGES if page.paper is not None), given)
        _only(given, NAMES, key)
        for name, value in given.items():
            changes.setdefault(name, {})[key] = read(value)
    return tuple(replace(page, **changes.get(page.name, {})) for page in PAGES)


def _market(given: Any) -> Market:
    _only(_kind(given, dict, "markets"), {each.name for each in fields(Market)}, "markets")
    try:
        market = Market(**{**given, "days": tuple(given["days"])})
        time.fromisoformat(market.opens)
        ZoneInfo(market.zone)
        re.compile(market.farms)
    except (KeyError, TypeError, ValueError, re.error) as error:
        raise SettingsError(f"markets: {error}") from None
    if set(market.days) - set(range(7)):
        raise SettingsError(f"markets: days are 0 (Monday) to 6, not {given['days']}")
    _number(market.hours, "hours")
    _text(market.name, "name", _WORD)
    _text(market.farms, "farms", _WORD)
    return market


def _kind(given: Any, kind: type, where: str) -> Any:
    if not isinstance(given, kind):
        raise SettingsError(f"{where}: expected {'a list' if kind is list else 'keys and values'}, not {given!r}")
    return given


def _text(given: Any, where: str, shape: str) -> str:
    if not isinstance(given, str) or not re.fullmatch(shape, given):
        raise SettingsError(f"{where}: {given!r} cannot be used here")
    return given


def _number(given: Any, where: str) -> Any:
    if isinstance(given, bool) or not isinstance(given, (int, float)) or not 0 < given < inf:
        raise SettingsError(f"{where}: {given!r} is not a number above 0")
    return given


def _severity(text: str) -> Severity:
    try:
        return Severity(text)
    except ValueError:
        raise SettingsError(f"{text!r} is not one of {', '.join(Severity)}") from None


def _only(given: Any, known: set[str], where: str) -> None:
    unknown = sorted(set(given) - known, key=str)
    if unknown:
        raise SettingsError(f"{where}: unknown {', '.join(map(str, unknown))}")
