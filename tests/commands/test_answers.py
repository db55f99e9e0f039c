"""What answers in the daemon's place, in any shape: it is shown, or is one clear error with the status of no answer."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from supervisor.commands.asking.standby import Pair
from supervisor.commands.main import app
from supervisor.commands.shared.answers import Gate, Past, Scrape, Shape, Status, wrong
from supervisor.commands.shared.api_client import Client
from supervisor.core.fleet.standby import Patience
from tests.commands.test_api_client import answering
from tests.fuzz.answers import VALUES, Place, answers, changed, judge, places, shown

ASKING = (
    ["status"],
    ["status", "--json"],
    ["status", "--check"],
    ["wait", "--gateway", "live"],
    ["history"],
    ["history", "--json"],
    ["history", "--csv"],
    ["gate", "live"],
    ["gate", "live", "--json"],
)
TELLING = (["pause", "live"], ["confirm-login", "live"], ["approve", "live"], ["recover", "live"])
OTHERS: tuple[Any, ...] = (
    None, True, 7, "up", [], [1], {}, {"x": 1}, {"status": "up"}, {"gateways": None}, {"gateways": {}},
    {"gateways": [1]}, {"gateways": [{}]}, {"gateways": [{"name": "live"}], "version": "1"},
    {"gateways": [{"name": "live", "status": "up"}], "version": 1}, {"gateways": [{}], "outages": {}, "since": 0},
    {"gateways": [{}], "outages": [{}], "since": "now"}, {"open": True}, {"open": "yes", "valid_for": 2},
    {"open": True, "valid_for": 99, "reasons": []}, {"open": True, "valid_for": 2, "reasons": [{"reason": "x"}]},
    {"open": False, "valid_for": 1, "reasons": [{"reason": 1, "text": 2}]},
    {"gateways": json.loads("[" * 900 + "]" * 900), "version": "1"},
)  # fmt: skip
"""JSON of another shape than any that is asked for."""


def said(*words: str) -> Result:
    waits = ("--timeout", "0s") if words[0] == "wait" else ()
    return CliRunner().invoke(app, [*words, *waits], env={"IB_SUPERVISOR_URL": "", "COLUMNS": "100"})


def clear(result: Result, status: int) -> None:
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == status, result.output
    assert "is not ib-supervisor" in result.stderr
    assert len(result.stderr.splitlines()) == 1, "one error"
    assert result.stdout == ""


@pytest.mark.parametrize("answer", OTHERS, ids=lambda answer: json.dumps(answer)[:40])
def test_an_answer_of_another_shape_is_one_clear_error_from_each_command(answer: Any) -> None:
    with answering(200, json.dumps(answer).encode()) as (url, _):
        for words in (*ASKING, *TELLING):
            clear(said(*words, "--url", url), 3 if words[0] == "gate" else 1)


def test_doctor_and_standby_take_it_for_no_daemon_and_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    with answering(200, b'{"gateways": [{"name": "live"}], "version": "1"}') as (url, _):
        result = said("doctor", "--url", url)
        assert (result.exit_code, "is not ib-supervisor" in result.output) == (0, True), result.output
        pair = Pair(Client(url), Client(url), Patience(3.0, 3.0))
        pair.check()
        pair.turn()
    assert "is not ib-supervisor" in capsys.readouterr().out


def _cases() -> Iterator[tuple[type[Shape], Any, Place]]:
    """Each place of the answers once: of the members of a list, the first."""
    for shape, answer in answers().values():
        known = set()
        for place in places(answer):
            pattern = tuple(part if isinstance(part, str) else "*" for part in place)
            if pattern not in known:
                known.add(pattern)
                yield shape, {**answer, "gateways": answer["gateways"][:1]} if shape is Status else answer, place


def test_whatever_stands_at_a_place_the_answer_is_refused_or_every_command_can_show_it() -> None:
    taken = [judge(shape, changed(answer, place, value)) for shape, answer, place in _cases() for value in VALUES]
    assert 1000 < sum(taken) < len(taken) - 1000, "both happen"


def test_the_daemons_own_answers_are_taken_and_shown_whole() -> None:
    for shape, answer in answers().values():
        assert wrong(answer, shape) == ""
        assert judge(shape, answer)
    text = shown(*answers()["/api/v1/status"])
    assert "usfarm" in text
    assert "EUR" in text


@pytest.mark.parametrize(
    ("shape", "answer", "where"),
    [
        (Status, [], "all of it"),
        (Status, {"version": "1"}, "gateways"),
        (Past, {"gateways": [], "outages": [{}], "since": "2026-11-24T12:00:00Z"}, "outages.0.gateway"),
        (Scrape, {"prometheus": "2026-11-24T12:00:00"}, "prometheus"),
        (Gate, {"open": True, "valid_for": 2.6, "reasons": []}, "valid_for"),
        (Gate, {"open": True, "valid_for": float("nan"), "reasons": []}, "valid_for"),
    ],
)
def test_the_first_place_that_is_wrong_is_named(shape: type[Shape], answer: Any, where: str) -> None:
    assert wrong(answer, shape) == where


def test_what_an_older_daemon_lacks_and_a_newer_one_adds_is_no_fault() -> None:
    shape, answer = answers()["/api/v1/status"]
    older = {
        name: value
        for name, value in answer["gateways"][0].items()
        if name not in ("labels", "paused_until", "suspect", "gate", "login_state", "kernel", "canary", "recovery")
    }
    assert judge(shape, {**answer, "gateways": [older]})
    newer = {**answer["gateways"][0], "status": "resting", "mood": {"good": [True]}}
    assert judge(shape, {**answer, "gateways": [newer], "also": 1})
    past, told = answers()["/api/v1/history"]
    deeds = [{**told["deeds"][0], "result": "postponed"}]
    assert "postponed" in shown(past, {**told, "deeds": deeds})
    assert judge(past, {name: value for name, value in told.items() if name != "deeds"})
