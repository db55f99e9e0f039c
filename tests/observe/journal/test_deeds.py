"""What recovery did, as history has it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from supervisor.core.explain.recovery import report_of
from supervisor.core.model.recovery.records import (
    RecoveryAnswered,
    RecoveryApproved,
    RecoveryFailed,
    RecoveryProposed,
    RecoveryProved,
    RecoveryRecord,
    RecoveryStarted,
)
from supervisor.core.model.recovery.rules import NeedsLogin, Result, Rung
from supervisor.observe.journal.deeds import PastDeed
from supervisor.observe.journal.history import read
from supervisor.observe.journal.journal import Journal
from supervisor.observe.journal.place import place_of
from supervisor.observe.web.history_json import history_json

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ASKED = RecoveryProposed(Rung.RESTART, NeedsLogin.MAYBE, dry_run=False)
BEGUN = RecoveryStarted(Rung.RESTART, "ann", NeedsLogin.MAYBE, dry_run=False)
ACCEPTED = RecoveryAnswered(Rung.RESTART, True, "RESTART in progress")
PROVED = RecoveryProved(Rung.RESTART, 74.0)


class Deeds:
    """A journal to which recovery's steps are told, at these seconds after noon."""

    def __init__(self, path: Path) -> None:
        self._journal = Journal(path)
        self._path = path
        self._journal.open()

    def tell(self, *steps: tuple[float, RecoveryRecord], gateway: str = "live") -> None:
        for seconds, record in steps:
            self._journal.record(gateway, NOON + timedelta(seconds=seconds), report_of(record))

    def of(self, *names: str, since: datetime = NOON, until: datetime = NOON + HOUR) -> tuple[PastDeed, ...]:
        assert self._journal.close(5.0)
        return read(place_of(self._path), since, until, names or None).deeds


@pytest.fixture
def deeds(tmp_path: Path) -> Deeds:
    return Deeds(tmp_path / "journal.db")


def test_a_deed_has_who_asked_what_it_costs_and_how_it_ended(deeds: Deeds) -> None:
    word = RecoveryApproved(Rung.RESTART, "ann", NOON + HOUR)
    deeds.tell((0, ASKED), (9, word), (10, BEGUN), (11, ACCEPTED), (84, PROVED))
    (deed,) = deeds.of()
    ended = NOON + timedelta(seconds=84)
    words = "recovery (restart) is proved after 74 s: the gateway is well again in what it was for"
    at = NOON + timedelta(seconds=10)
    assert deed == PastDeed("live", at, "restart", "ann", "maybe", "proved", ended, words)


def test_one_whose_proof_is_awaited_has_no_result_and_what_was_answered(deeds: Deeds) -> None:
    deeds.tell((10, BEGUN), (11, ACCEPTED))
    (deed,) = deeds.of()
    assert (deed.result, deed.ended) == (None, None)
    assert deed.words == "recovery (restart) was accepted, which proves nothing yet: RESTART in progress"


def test_deeds_that_failed_and_dry_runs_say_so_and_gateways_are_kept_apart(deeds: Deeds) -> None:
    dry = RecoveryStarted(Rung.RECONNECT_DATA, "", NeedsLogin.NEVER, dry_run=True)
    deeds.tell((0, dry), (1, BEGUN), (600, RecoveryFailed(Rung.RESTART, Result.UNPROVED, "")))
    deeds.tell((2, replace(BEGUN, rung=Rung.COMMAND)), gateway="paper")
    deeds.tell((5, RecoveryFailed(Rung.COMMAND, Result.REFUSED, "exit status 1")), gateway="paper")
    found = deeds.of()
    assert [(deed.gateway, deed.rung, deed.result) for deed in found] == [
        ("live", "reconnect_data", "dry_run"),
        ("live", "restart", "unproved"),
        ("paper", "command", "refused"),
    ]


def test_a_proof_that_comes_after_the_period_is_told_all_the_same_and_a_deed_outside_is_not(deeds: Deeds) -> None:
    deeds.tell((10, BEGUN), (84, PROVED), (4000, BEGUN), (4010, PROVED))
    found = deeds.of("live", since=NOON, until=NOON + timedelta(seconds=30))
    assert [(deed.at, deed.result) for deed in found] == [(NOON + timedelta(seconds=10), "proved")]


def test_the_answer_of_the_api_has_them(deeds: Deeds, tmp_path: Path) -> None:
    deeds.tell((10, BEGUN), (84, PROVED))
    assert len(deeds.of()) == 1
    told = history_json(read(place_of(tmp_path / "journal.db"), NOON, NOON + HOUR))["deeds"]
    assert told == [
        {
            "gateway": "live",
            "at": "2026-11-23T12:00:10.000Z",
            "rung": "restart",
            "by": "ann",
            "needs_login": "maybe",
            "result": "proved",
            "ended": "2026-11-23T12:01:24.000Z",
            "words": "recovery (restart) is proved after 74 s: the gateway is well again in what it was for",
        }
    ]
