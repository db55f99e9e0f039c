"""Messages in words: the gateway first, durations for people, and several summed up."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from supervisor.core.explain.messages import Message, lasting, summed_up, telling
from supervisor.core.model.actions import Announce
from supervisor.core.model.behind.canary import CanaryState, CanaryView
from supervisor.core.model.cause import Cause, CauseKey
from supervisor.core.model.pages import ROWS, Severity
from supervisor.core.model.snapshot import GatewayClock
from supervisor.core.model.vocabulary import Stage
from supervisor.core.step.judging import matters

BEGAN = datetime(2027, 1, 7, 4, 45, tzinfo=UTC)
CAUSE = Cause(CauseKey.PORT_REFUSED, "127.0.0.1", 4001, 911, "live")
ZONE = "America/New_York"
CLOCK = GatewayClock(timedelta(hours=1), BEGAN, mismatch=True, skew=31.0)
DEAD = CanaryView("SPY", CanaryState.DEAD, None, BEGAN, BEGAN, None)

TOLD_BY_THE_DAEMON = sorted(set(re.findall(r'"(IB\w+)"', Path(matters.__file__).read_text("utf-8"))) & set(ROWS))
"""The rows that the core can tell of; Prometheus alone sees the others."""


def said(row: str = "IBGatewayDown", stage: Stage = Stage.BEGAN, **changes: object) -> Message:
    announce = Announce("talk", stage, row, Severity.CRITICAL, BEGAN + timedelta(minutes=1), BEGAN, 60.0, CAUSE)
    return telling("live", replace(announce, **changes), ZONE)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (661, "11 min"),
        (3600, "1 h"),
        (7500, "2 h 5 min"),
        (3 * 86400 + 4 * 3600 + 59, "3 d 4 h"),
        (86400 + 120, "1 d"),
    ],
)
def test_durations_are_rounded_to_what_matters(seconds: float, text: str) -> None:
    assert lasting(seconds) == text


def test_an_outage_says_why_since_when_and_what_to_do() -> None:
    message = said()
    assert message.title == "live: does not answer"
    assert message.text.startswith("Nothing accepts connections on 127.0.0.1:4001")
    assert message.text.endswith("Since Wed 23:45 EST.")
    assert message.cure.startswith("Start the gateway")


def test_a_planned_outage_that_turned_says_so() -> None:
    assert said("IBRestartOverdue", Stage.TURNED).text.endswith("Since Wed 23:45 EST, at first as planned.")


def test_without_a_cause_it_says_since_when() -> None:
    assert said(cause=None).text == "Since Wed 23:45 EST."
    assert said("IBCompetingSession", cause=None).text == "Since Wed 23:45 EST."
    assert "same user" in said("IBCompetingSession", cause=replace(CAUSE, key=CauseKey.COMPETING_SESSION)).text


def test_an_end_says_how_long_it_was() -> None:
    message = said(stage=Stage.OVER, seconds=661.0)
    assert (message.title, message.text) == ("live: up again after 11 min", "It was down for 11 min: does not answer.")
    assert said("IBReauthRequired", Stage.OVER, login=True).text.endswith("The weekly login is done.")
    assert said("IBReauthDueSoon", Stage.OVER).title == "live: the weekly login is done"
    assert said("IBClockSkew", Stage.OVER).title == "live: over: its clock and ours differ"
    paused = said(stage=Stage.OVER, recovered=False, cause=replace(CAUSE, key=CauseKey.PAUSED, by="anna"))
    assert paused.text.startswith("Paused by anna")
    assert said(stage=Stage.OVER, recovered=False, cause=None).text == ""


def test_the_login_names_the_restart_that_asks_for_it() -> None:
    message = said("IBReauthDueSoon", due=BEGAN + timedelta(hours=14))
    assert "The restart at Thu 13:45 EST asks" in message.text
    assert "at its time" in said("IBReauthDueSoon").text


@pytest.mark.parametrize("row", TOLD_BY_THE_DAEMON)
def test_every_row_that_is_told_has_words(row: str) -> None:
    about = {"IBCanaryDead": (DEAD,), "IBClockSkew": CLOCK, "IBTimezoneMismatch": CLOCK}
    message = said(row, about=about.get(row))
    assert message.title.startswith("live: ")
    assert message.text


def test_a_clock_a_zone_dead_data_and_a_missed_restart_are_told_with_their_evidence() -> None:
    text = said("IBTimezoneMismatch", about=CLOCK).text
    assert text.startswith(
        "The gateway's clock runs at UTC+1, and the configured time zone America/New_York is at UTC-5"
    )
    assert said("IBClockSkew", about=CLOCK).text.startswith("The gateway's clock is 31 s ahead of this machine's")
    behind = replace(CLOCK, skew=-7200.0)
    assert said("IBClockSkew", about=behind).text.startswith("The gateway's clock is 2 h behind this machine's")
    text = said("IBCanaryDead", about=(DEAD, replace(DEAD, name="EUR.USD"))).text
    assert "data of SPY, EUR.USD does not come" in text
    assert said("IBRestartNotSeen").text.startswith("The restart of Wed 23:45 EST was not seen")


def test_one_message_is_itself_and_several_are_summed_up_by_what_is_wrong() -> None:
    one = said()
    assert summed_up([one]) == (one.title, (one.text,))
    other = replace(one, gateway="paper", title="paper: does not answer")
    over = replace(one, stage=Stage.OVER, title="live: up again after 1 min")
    title, lines = summed_up([over, one, other])
    assert title == "3 messages about 2 gateways"
    assert lines == ("does not answer: live, paper", "up again after 1 min: live")
    assert summed_up([one, over])[0] == "live: 2 messages"


def test_the_supervisor_is_no_gateway() -> None:
    one = said()
    other = replace(one, gateway="paper", title="paper: does not answer")
    own = replace(one, gateway="", title="supervisor: the supervisor was started again after a crash")
    twice = ("the supervisor was started again after a crash: supervisor (2 times)",)
    assert summed_up([own, own]) == ("supervisor: 2 messages", twice)
    assert summed_up([own, one])[0] == "2 messages about live and the supervisor"
    title, lines = summed_up([own, one, other])
    assert title == "3 messages about 2 gateways and the supervisor"
    assert lines == ("the supervisor was started again after a crash: supervisor", "does not answer: live, paper")


def test_the_same_is_said_with_its_severity_where_it_differs() -> None:
    live = said()
    paper = replace(live, gateway="paper", title="paper: does not answer", severity=Severity.WARNING)
    assert summed_up([paper, live])[1] == ("does not answer (critical): live", "does not answer (warning): paper")
