"""A confirmation says how the gateway stands now."""

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from supervisor.commands.asking.operator import so_now
from supervisor.core.model.events import MaintenanceAsked, PauseAsked, ResumeAsked
from supervisor.observe.web.status_json import gateway
from tests.observe import rich
from tests.observe.played import BEGIN


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def after(*events: Any) -> dict[str, Any]:
    played = rich.fresh("live")
    played.begin()
    played.up()
    for event in events:
        played.hear(event)
    return gateway(played.snapshot)


@pytest.mark.parametrize(
    ("what", "events", "words"),
    [
        ("pause", [PauseAsked(BEGIN + timedelta(minutes=15))], "live is paused until 15:15 UTC"),
        ("pause", [PauseAsked(BEGIN + timedelta(days=2))], "live is paused until Wed 2026-11-25 15:00 UTC"),
        ("pause", [PauseAsked()], "live is paused until `ib-supervisor resume live`"),
        ("resume", [PauseAsked(), ResumeAsked()], "live is no longer paused, and down now"),
        ("maintenance", [MaintenanceAsked(BEGIN + timedelta(hours=1))], "live is in maintenance until 16:00 UTC"),
        ("maintenance", [], "live is not in maintenance"),
        ("confirm-login", [], "the login of live counts as done, the next is due Sun 2026-11-29 17:00 UTC"),
    ],
)
def test_what_is_so_now(what: str, events: list[Any], words: str) -> None:
    assert so_now(after(*events), what, BEGIN) == words


@pytest.mark.parametrize(
    ("result", "said", "words"),
    [
        ("refused", "/no/such/program could not be started", "was not done: /no/such/program could not be started"),
        ("refused", None, "was not done: refused"),
        ("dry_run", None, "would have been done (dry run)"),
        ("proved", "OK", "was done: proved"),
        ("unproved", "OK", "was done: unproved"),
        (None, None, "is being done; its proof is awaited"),
    ],
)
@pytest.mark.parametrize("what", ["approve", "recover"])
def test_what_recovery_did_not_do_is_not_called_done(
    what: str, result: str | None, said: str | None, words: str
) -> None:
    deed = {"rung": "command", "result": result, "words": said}
    answer = {**after(), "recovery": {"proposal": None, "deed": deed}}
    assert so_now(answer, what, BEGIN) == f"live: command {words}"
