"""The recording rules: availability, and which markets are open."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from textwrap import indent
from zoneinfo import ZoneInfo

from deploy.prometheus.expressions import FARM, ID
from deploy.prometheus.settings import Settings
from supervisor.core.model.pages import Market

HEAD = """\
# Availability of each gateway over 1, 7 and 30 days: the share of the observed time in which every layer was up.
# Written by `python -m deploy.prometheus`.
#
# - `..._all`: every outage counts. `..._unplanned`: planned outages count neither for nor against.
# - The sums are recorded first, so that 30 days are a few samples a minute and not every scrape. All counters of one
#   daemon begin again together, so a sum of them does too, and increase() sees it.
# - The seconds of a planned outage are booked when it closes; time in which the daemon did not run is in no counter.
# - 30 days need --storage.tsdb.retention.time=31d or more; with less history they tell of what there is.
groups:
"""
_WEEK, _DAY = 7 * 86400, 86400
_MONDAY = 4 * 86400
"""The first one of Unix time."""


def markets(settings: Settings) -> str:
    """The group that says of each farm whether its market is open. PromQL knows UTC alone, so a market is open at the
    hours of summer and of winter time, an hour too long rather than too short."""
    lines = ["  - name: ib-markets", "    rules:"]
    for market in settings.markets:
        lines += [
            "      - record: market:ib_open:bool",
            f"        expr: {opened(market)}",
            f"        labels: {{market: {market.name}}}",
        ]
    # The first that fits is the farm's.
    branches = f"\nor on ({FARM})\n".join(_farms(market, settings) for market in settings.markets)
    lines += ["      - record: farm:ib_market_open:bool", "        expr: |", indent(branches, " " * 10)]
    return "\n".join(lines) + "\n"


def _farms(market: Market, settings: Settings) -> str:
    farms = ", ".join(filter(None, (f'farm=~"{market.farms}"', settings.selector)))
    return f'0 * ib_farm_up{{{farms}}} + on () group_left () market:ib_open:bool{{market="{market.name}"}}'


def opened(market: Market) -> str:
    """1 or 0: whether now lies in a session, by its beginnings in UTC in January and in July."""
    opens = sorted(_opening(market, month) for month in (1, 7))
    length = round(market.hours * 3600) + opens[1] - opens[0]
    days = len(market.days)
    if length >= _WEEK:
        return "vector(1)"
    offset = (-_MONDAY - market.days[0] * _DAY - opens[0]) % _WEEK
    passed = f"(time() + {offset}) % {_WEEK}"
    if days == 1:
        return f"vector({passed} < bool {length})"
    return f"vector(({passed} < bool {days * _DAY}) * ((time() + {offset}) % {_DAY} < bool {length}))"


def _opening(market: Market, month: int) -> int:
    """Seconds after the local day's UTC midnight, which may be negative."""
    hour, minute = map(int, market.opens.split(":"))
    local = datetime(2027, month, 15, hour, minute, tzinfo=ZoneInfo(market.zone))
    midnight = datetime(2027, month, 15, tzinfo=UTC)
    return (local - midnight) // timedelta(seconds=1)


def records(settings: Settings) -> str:
    """The file records.yaml, without its head."""
    observed = f"sum without () (ib_observed_seconds_total{_braced(settings)})"
    lost = f"sum without (cause) (ib_outage_seconds_total{_braced(settings)})"
    return (
        "  - name: ib-availability-sums\n    interval: 1m\n    rules:\n"
        f"      - record: gateway:ib_observed_seconds:total\n        expr: {observed}\n"
        f"      - record: gateway_planned:ib_outage_seconds:total\n        expr: {lost}\n"
        "  - name: ib-availability\n    interval: 2m\n    rules:\n" + "".join(_ratios(settings))
    )


def _ratios(settings: Settings) -> Iterator[str]:
    lost, observed = "gateway_planned:ib_outage_seconds:total", "gateway:ib_observed_seconds:total"
    for span in ("1d", "7d", "30d"):
        both = (
            f"1 - clamp_max(\n"
            f"  sum without (planned) (increase({lost}[{span}]))\n"
            f"  / (increase({observed}[{span}]) > 0), 1)"
        )
        unplanned = (
            f"1 - clamp_max(\n"
            f'  sum without (planned) (increase({lost}{{planned="false"}}[{span}]))\n'
            f"  / (\n"
            f"    increase({observed}[{span}])\n"
            f'    - sum without (planned) (increase({lost}{{planned="true"}}[{span}]))\n'
            f"    > 0), 1)"
        )
        for which, expr in (("all", both), ("unplanned", unplanned)):
            text = expr
            if settings.labels:
                names = ", ".join(f"label_{name}" for name in settings.labels)
                text = f"(\n{indent(expr, '  ')}\n)\n* on ({ID}) group_left ({names}) ib_gateway_info"
            name = f"gateway:ib_availability_{which}:ratio_{span}"
            yield f"      - record: {name}\n        expr: |\n{indent(text, ' ' * 10)}\n"


def _braced(settings: Settings) -> str:
    return f"{{{settings.selector}}}" if settings.selector else ""
