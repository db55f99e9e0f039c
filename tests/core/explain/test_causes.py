"""Causes in words."""

import datetime as dt

import pytest

from supervisor.core.explain.causes import Explanation, explain
from supervisor.core.model.cause import Cause, CauseKey, Message
from supervisor.core.model.vocabulary import Failure, Loss
from supervisor.core.parts import diagnosis


def told(key: CauseKey, host: str = "gw.example") -> Explanation:
    """The cause with every fact given."""
    return explain(
        Cause(
            key,
            host=host,
            port=4001,
            client_id=911,
            mode="paper",
            new_port=4002,
            window="daily_restart",
            farms=("usfarm", "ushmds"),
            version="1019.2",
            day=dt.date(2025, 3, 20),
            minimum="1030.1",
            message=Message(10141, "Paper trading disclaimer must first be accepted for API connection."),
        )
    )


@pytest.mark.parametrize("key", CauseKey)
@pytest.mark.parametrize("full", [True, False], ids=["all known", "little known"])
def test_every_cause_is_one_sentence_and_its_cure_is_short_sentences(key: CauseKey, full: bool) -> None:
    cause = told(key) if full else explain(Cause(key, host="127.0.0.1", port=4001, message=Message(5, "No")))
    for text in (cause.words, *cause.cure.split(". ")):
        sentence = text if text.endswith(".") else f"{text}."
        assert sentence[0].isupper() or sentence[0].isdigit() or sentence.startswith("gw.example")
        assert sentence.endswith(".")
        assert ". " not in sentence
        assert "{" not in sentence
        assert "}" not in sentence
        assert "None" not in sentence
        assert "  " not in sentence
        assert len(sentence) < 300


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (CauseKey.PORT_REFUSED, ("gw.example:4001", "down", "not enabled", "port is wrong", "32 clients")),
        (CauseKey.UNREACHABLE, ("gw.example:4001", "firewall")),
        (CauseKey.NAME_UNKNOWN, ("gw.example", "name service")),
        (CauseKey.CLOSED_EARLY, ("trusted", "socat")),
        (CauseKey.MUTE, ("login dialog", "second factor", "hangs")),
        (CauseKey.CLIENT_ID_GHOST, ("911", "our own earlier connection")),
        (CauseKey.CLIENT_ID_RIVAL, ("911", "Another program")),
        (CauseKey.WRONG_ACCOUNT, ("account_mode is paper",)),
        (CauseKey.RESTART, ("as scheduled (daily_restart)",)),
        (CauseKey.PORT_CHANGED, ("from 4001 to 4002",)),
        (CauseKey.UPSTREAM_LOST, ("IBKR unreachable, or the user logged in elsewhere",)),
        (CauseKey.UPSTREAM_RESET, ("(daily_restart)",)),
        (CauseKey.FARM_BROKEN, ("data farms usfarm, ushmds:",)),
        (CauseKey.DESUPPORTED, ("1019.2", "2025-03-20")),
        (CauseKey.READ_ONLY, ("read-only",)),
        (CauseKey.COMPETING_SESSION, ("same user", "elsewhere")),
    ],
)
def test_a_cause_names_what_it_is_about(key: CauseKey, words: tuple[str, ...]) -> None:
    sentence = told(key).words
    assert [word for word in words if word not in sentence] == []


def test_the_cure_of_a_desupported_version_names_the_minimum() -> None:
    assert "1030.1" in told(CauseKey.DESUPPORTED).cure


def test_one_farm_is_named_in_the_singular() -> None:
    assert "data farm usfarm:" in explain(Cause(CauseKey.FARM_BROKEN, host="h", port=1, farms=("usfarm",))).words


def test_an_ipv6_address_stands_in_brackets() -> None:
    assert "[::1]:4001" in told(CauseKey.MUTE, host="::1").words


def test_braces_in_a_host_are_only_text() -> None:
    assert "{port}:4001" in told(CauseKey.MUTE, host="{port}").words


@pytest.mark.parametrize("failure", Failure)
@pytest.mark.parametrize("ghost", [True, False])
def test_every_failure_has_a_cause(failure: Failure, ghost: bool) -> None:
    assert diagnosis.of_failure(failure, ghost=ghost) in CauseKey


def test_an_id_in_use_is_our_ghost_or_a_rival() -> None:
    assert diagnosis.of_failure(Failure.CLIENT_ID_IN_USE, ghost=True) is CauseKey.CLIENT_ID_GHOST
    assert diagnosis.of_failure(Failure.CLIENT_ID_IN_USE, ghost=False) is CauseKey.CLIENT_ID_RIVAL
    assert diagnosis.of_failure(Failure.REFUSED, ghost=True) is CauseKey.PORT_REFUSED


@pytest.mark.parametrize("loss", Loss)
@pytest.mark.parametrize("restarting", [True, False])
def test_every_loss_has_a_cause_unless_we_ended_the_session(loss: Loss, restarting: bool) -> None:
    ours = loss in (Loss.OPERATOR, Loss.SHUTDOWN)
    assert (diagnosis.of_loss(loss, restarting=restarting) is None) is ours


def test_a_session_closed_in_the_window_of_a_restart_is_the_restart() -> None:
    assert diagnosis.of_loss(Loss.RESET, restarting=True) is CauseKey.RESTART
    assert diagnosis.of_loss(Loss.RESET, restarting=False) is CauseKey.SESSION_CLOSED
    assert diagnosis.of_loss(Loss.HEARTBEAT, restarting=True) is CauseKey.HEARTBEAT_LOST
