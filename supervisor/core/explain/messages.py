"""What people are told, in words: a title that a phone shows, a sentence, and what to do.

- A title begins with the gateway, because that is all that is read at 3 a.m.
- Instants are on the gateway's own clock, durations are rounded to what matters.
- `telling` is for one message. `summed_up` is for several: each matter once, with all the gateways that it concerns.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from supervisor.core.calendar.gateway_clock import offset_in, offset_text
from supervisor.core.calendar.rules import zone_of
from supervisor.core.explain.causes import explain
from supervisor.core.explain.gates import sentence
from supervisor.core.explain.recovery import COSTS_WORDS, DOES, report_of
from supervisor.core.model.actions import Announce
from supervisor.core.model.gate import GateClosed
from supervisor.core.model.pages import ROWS, Severity
from supervisor.core.model.recovery.records import RecoveryProposed, RecoveryRecord
from supervisor.core.model.snapshot import GatewayClock
from supervisor.core.model.vocabulary import Stage
from supervisor.core.parts.telling.notify import RANK
from supervisor.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """One message to people. Its fields are public: a webhook gets them all."""

    gateway: str
    """Empty for the supervisor itself."""
    id: str
    """Of the conversation: an outage has one."""
    key: str
    """Of the message: one that is sent again has the same."""
    alert: str
    """The name of the alert of the same pattern, and of its runbook."""
    stage: Stage
    severity: Severity
    at: datetime
    began: datetime
    seconds: float
    """How long it has lasted, or had lasted when it ended."""
    title: str
    text: str
    cure: str = ""
    due: datetime | None = None

    @property
    def over(self) -> bool:
        """Whether it tells of an end."""
        return self.stage is Stage.OVER


_TITLES: Final[Mapping[str, str]] = {
    "IBAccountMismatch": "logged in to the wrong kind of account",
    "IBClientIdConflict": "another program holds the supervisor's client id",
    "IBReauthRequired": "waits for a person to log in",
    "IBRestartOverdue": "has not come back from its restart",
    "IBGatewayDown": "does not answer",
    "IBSessionFlapping": "loses its session again and again",
    "IBUpstreamLost": "has lost IBKR's servers",
    "IBFarmDown": "a required data farm is broken",
    "IBCanaryDead": "connected, but no market data comes",
    "IBGateClosed": "orders are not safe to send",
    "IBRecoveryApproval": "recovery waits for your word",
    "IBRecoveryFailed": "recovery did not help",
    "IBRecoveryDeed": "recovery acts",
    "IBGatewayPausedLong": "paused for a long time",
    "IBRestartNotSeen": "did not restart at its time",
    "IBReauthDueSoon": "the weekly login is due",
    "IBCompetingSession": "another login takes the market data",
    "IBOrderIdWentBack": "the next order id went back",
    "IBMessagesUndecodable": "ibapi cannot decode what it sends",
    "IBRestartBlip": "a session was lost in the restart window, without a restart",
    "IBClockSkew": "its clock and ours differ",
    "IBTimezoneMismatch": "its time zone is not the configured one",
    "IBGatewayVersionDesupported": "IBKR will soon refuse this version",
    "IBGatewayVersionDesupported critical": "IBKR refuses this version within two days",
    "IBSupervisorCrashed": "the supervisor was started again after a crash",
    "IBSupervisorConfigReloadFailed": "the supervisor's config file was refused",
    "IBSupervisorEventsDropped": "the supervisor could not keep up",
    "IBJournalFailing": "the supervisor cannot write its journal",
}
_TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    "IBSessionFlapping": (
        "Five sessions or more were lost within ten minutes, each too soon for an outage to be told.",
        "Look at the gateway's machine: its memory, its processor, and the network to it.",
    ),
    "IBRestartNotSeen": (
        "The restart of {began} was not seen in its window: the gateway's setting and the config differ, or "
        "auto-restart is off.",
        "Compare the time under Lock and Exit with daily_restart.",
    ),
    "IBReauthDueSoon": (
        "The restart at {due} asks for the weekly login. A login made before it counts.",
        "Log the gateway in when it suits you, with the second factor.",
    ),
    "IBCanaryDead": (
        "Every layer is up, and data of {contracts} does not come while the market is open.",
        "Look whether the user is logged in elsewhere, and restart the data in the gateway (Ctrl-Alt-F).",
    ),
    "IBClockSkew": (
        "The gateway's clock is {skew} this machine's; they have differed by more than 3 s for ten minutes.",
        "See which of the two machines does not keep time.",
    ),
    "IBTimezoneMismatch": (
        "The gateway's clock runs at {offset}, and the configured time zone {zone} is at {configured}: its restart "
        "will be taken for an outage.",
        "Correct timezone in the config, or the gateway's time zone.",
    ),
    "IBSupervisorCrashed": (
        "The last process ended without a word: it was killed, crashed, or the machine lost power.",
        "Look at the log and the machine. Trading was not stopped by this.",
    ),
    "IBSupervisorConfigReloadFailed": (
        "It goes on with the config it had, and will not start again with this file.",
        "Run `ib-supervisor check-config`, and reload.",
    ),
    "IBSupervisorEventsDropped": (
        "Notices were dropped because the queue of a gateway was full; the state of farms may be out of date.",
        "Look at the processor of the supervisor's machine.",
    ),
    "IBJournalFailing": (
        "It works on, but its history has holes, and a restart may forget what was paused or told.",
        "See whether the disk is full, or the journal's folder is not writable.",
    ),
}
_OUTAGES: Final = frozenset(
    {
        "IBAccountMismatch",
        "IBClientIdConflict",
        "IBReauthRequired",
        "IBRestartOverdue",
        "IBGatewayDown",
        "IBUpstreamLost",
        "IBFarmDown",
    }
)
SUPERVISOR: Final = "supervisor"
"""Who a message is about that is about no gateway."""


def telling(gateway: str, said: Announce, zone: str | None) -> Message:
    """The message in words. `zone` is the gateway's; None is UTC."""
    page = ROWS[said.row]
    title, text, cure = _ending(gateway, said) if said.stage is Stage.OVER else _beginning(gateway, said, zone)
    return Message(
        gateway,
        said.talk,
        f"{gateway or SUPERVISOR}/{said.key}",
        page.name,
        said.stage,
        said.severity,
        said.at,
        said.began,
        round(said.seconds, 3),
        f"{gateway or SUPERVISOR}: {title}",
        text,
        cure,
        said.due,
    )


def summed_up(messages: Iterable[Message]) -> tuple[str, tuple[str, ...]]:
    """A title, and a line for each matter with the gateways that it concerns, the most urgent first."""
    found = list(messages)
    if len(found) == 1:
        return found[0].title, (found[0].text,)
    groups: dict[tuple[int, str], list[Message]] = {}
    for message in found:
        what = message.title.partition(": ")[2]
        groups.setdefault((-1 if message.over else RANK[message.severity], what), []).append(message)
    words = [what for _, what in groups]
    lines = []
    for (_, what), group in sorted(groups.items(), key=lambda item: -item[0][0]):
        # On a live and on a paper gateway the same is not as urgent.
        severity = f" ({group[0].severity})" if words.count(what) > 1 else ""
        names = Counter(message.gateway or SUPERVISOR for message in group)
        whom = (name if times == 1 else f"{name} ({times} times)" for name, times in names.items())
        lines.append(f"{what}{severity}: {', '.join(whom)}")
    return _title(found), tuple(lines)


def _title(found: Collection[Message]) -> str:
    """How many messages, and about whom."""
    count, gateways = f"{len(found)} messages", {message.gateway for message in found}
    if len(gateways) == 1:
        return f"{next(iter(gateways)) or SUPERVISOR}: {count}"
    named = gateways - {""}
    whom = f"{len(named)} gateways" if len(named) > 1 else "".join(named)
    return f"{count} about {whom}{' and the supervisor' if named != gateways else ''}"


def lasting(seconds: float) -> str:
    """A duration for people: `45 s`, `11 min`, `2 h 5 min`, `3 d 4 h`."""
    if seconds < 59.5:
        return f"{round(seconds)} s"
    minutes = round(seconds / 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "min")]
    first = next(place for place, (count, _) in enumerate(parts) if count)
    return " ".join(f"{count} {unit}" for count, unit in parts[first : first + 2] if count)


def clock(at: datetime, zone: str | None) -> str:
    """An instant on the gateway's own clock: `Sun 23:45 EST`."""
    return f"{at.astimezone(zone_of(zone or 'UTC')):%a %H:%M %Z}"


def _beginning(gateway: str, said: Announce, zone: str | None) -> tuple[str, str, str]:
    title = _TITLES[said.row]
    if isinstance(said.about, RecoveryRecord | GateClosed):
        return _of_its_own(title, gateway, said.about)
    own = _TEXTS.get(said.row)
    if own is not None:
        text, cure = own
        return title, text.format(**_evidence(said, zone)), cure
    cause = explain(said.cause) if said.cause is not None else None
    text = cause.words if cause is not None else f"Since {clock(said.began, zone)}."
    cure = cause.cure if cause is not None else ""
    if said.row in _OUTAGES:
        since = f"Since {clock(said.began, zone)}"
        if said.stage is Stage.TURNED:
            since = f"{since}, at first as planned"
        text = f"{text} {since}." if cause is not None else f"{since}."
    return title, text, cure


def _evidence(said: Announce, zone: str | None) -> Mapping[str, str]:
    """What the texts of `_TEXTS` name."""
    found = {
        "began": clock(said.began, zone),
        "due": clock(said.due, zone) if said.due is not None else "its time",
    }
    about = said.about
    if isinstance(about, tuple):
        found["contracts"] = ", ".join(view.name for view in about)
    if isinstance(about, GatewayClock):
        skew, offset = about.skew or 0.0, about.offset or timedelta(0)
        found["skew"] = f"{lasting(abs(skew))} {'ahead of' if skew > 0 else 'behind'}"
        found["offset"] = offset_text(offset)
        found["zone"] = zone or "UTC"
        found["configured"] = offset_text(offset_in(zone or "UTC", about.told_at or said.at))
    return found


def _of_its_own(title: str, gateway: str, about: RecoveryRecord | GateClosed) -> tuple[str, str, str]:
    if isinstance(about, GateClosed):
        text = " ".join(sentence(reason, gateway) for reason in about.reasons)
        return title, text, f"`ib-supervisor gate {gateway}` says more."
    if isinstance(about, RecoveryProposed):
        dry = " It is a dry run: nothing will be done." if about.dry_run else ""
        text = f"It would {DOES[about.rung]}; {COSTS_WORDS[about.needs_login]}.{dry}"
        return title, text, f"Approve it on the status page, or with `ib-supervisor approve {gateway} {about.rung}`."
    text = report_of(about).text
    return title, f"{text[0].upper()}{text[1:]}{'' if text.endswith('.') else '.'}", ""


def _ending(gateway: str, said: Announce) -> tuple[str, str, str]:
    lasted = lasting(said.seconds)
    if isinstance(said.about, RecoveryRecord):
        return _of_its_own("recovery is over", gateway, said.about)
    if said.row == "IBReauthDueSoon":
        return "the weekly login is done", "It was done before it was missed.", ""
    if said.row not in _OUTAGES:
        return f"over: {_TITLES[said.row]}", f"It lasted {lasted}.", ""
    if not said.recovered:
        cause = explain(said.cause) if said.cause is not None else None
        return "paused during an outage", cause.words if cause is not None else "", cause.cure if cause else ""
    login = " The weekly login is done." if said.login else ""
    return f"up again after {lasted}", f"It was down for {lasted}: {_TITLES[said.row]}.{login}", ""
