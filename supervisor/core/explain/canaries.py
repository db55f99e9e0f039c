"""The canary in words: what a contract is, and why it cannot be judged."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from supervisor.core.calendar.durations import written
from supervisor.core.codes.notices import summary
from supervisor.core.explain.report import Level, Report
from supervisor.core.model.behind.canary import CanaryBlind, CanaryChanged, CanaryState, Unjudged

WHY: Final[Mapping[Unjudged, str]] = MappingProxyType(
    {
        Unjudged.GATEWAY: "the gateway or IBKR is not up",
        Unjudged.CONNECTING: "the connection of the canary is not ready",
        Unjudged.ID_TAKEN: "another program uses the client id of the canary",
        Unjudged.STARTING: "the market, the subscription or IBKR is back only now",
        Unjudged.CLOSED: "its market is closed",
        Unjudged.NO_HOURS: "IBKR did not tell its hours",
        Unjudged.REFUSED: "IBKR refuses its data",
    }
)


def canary_words(record: CanaryChanged | CanaryBlind) -> Report:
    """The line of the log."""
    if isinstance(record, CanaryBlind):
        said = f" ({summary(record.refused)})" if record.refused else ""
        taken = f": {record.client_id}" if record.why is Unjudged.ID_TAKEN else ""
        text = f"canary {record.name} has not been judged for 10 minutes: {WHY[record.why]}{taken}{said}"
        return Report(Level.WARNING, "canary", text, {"canary": record.name, "state": CanaryState.UNJUDGED.value})
    fields = {"canary": record.name, "state": record.state.value, "before": record.before.value}
    if record.state is CanaryState.DEAD:
        text = f"no data of {record.name} for {written(record.max_age)}, though everything is up: connected, no data"
        return Report(Level.WARNING, "canary", text, fields)
    if record.state is CanaryState.ALIVE:
        return Report(Level.INFO, "canary", f"data of {record.name} comes", fields)
    why = f": {WHY[record.why]}" if record.why is not None else ""
    return Report(Level.INFO, "canary", f"canary {record.name} is not judged{why}", fields)
