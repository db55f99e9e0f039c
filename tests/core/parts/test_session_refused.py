"""What the gateway says before the session is ready."""

import pytest

from supervisor.core.model.events import (
    AccountsReceived,
    NextIdReceived,
)
from supervisor.core.model.policy import AccountMode
from supervisor.core.model.vocabulary import Phase
from tests.core.driver import World, policy

# -- what the gateway says before the session is ready ----------------------------------------------------------------


def ready(world: World) -> bool:
    return world.phase is Phase.READY


def greeted(world: World) -> World:
    """The handshake is done, and nothing else has come."""
    world.peer.ready_after = None
    world.start().wait(lambda w: w.phase is Phase.HANDSHAKING)
    return world


@pytest.mark.parametrize("mode", AccountMode)
def test_an_empty_list_of_accounts_is_not_yet(mode: AccountMode) -> None:
    world = greeted(World(policy(account_mode=mode)))
    world.say(AccountsReceived, ())
    world.say(NextIdReceived, 1)
    assert not ready(world)
    world.run(1)
    world.say(AccountsReceived, ("DU1234567",) if mode is AccountMode.PAPER else ("U1234567",))
    assert ready(world)


def test_a_list_of_accounts_that_stays_empty_is_told_as_a_login_under_way() -> None:
    world = greeted(World())
    world.say(AccountsReceived, ())
    world.say(NextIdReceived, 1)
    world.wait(lambda w: bool(w.failures()))
    assert world.failures() == {"session_timeout": 1}
    assert "still logging in" in world.why


@pytest.mark.parametrize("code", [10141, 987654])
def test_an_error_before_ready_is_quoted_in_the_cause(code: int) -> None:
    world = greeted(World())
    world.notice(code, "Paper trading disclaimer must first be accepted for API connection.")
    world.drop()
    assert "Paper trading disclaimer must first be accepted" in world.why
    assert str(code) in world.why


def test_of_several_errors_before_ready_the_first_is_quoted() -> None:
    world = greeted(World())
    world.notice(10141, "Paper trading disclaimer must first be accepted for API connection.")
    world.notice(987654, "something that follows from it")
    world.drop()
    assert "Paper trading disclaimer must first be accepted" in world.why


def test_a_warning_or_a_farm_before_ready_is_no_reason() -> None:
    world = greeted(World())
    world.notice(2104, "Market data farm connection is OK:usfarm")
    world.notice(2199, "something")
    world.drop()
    assert "closes the connection before the session is ready" in world.why


def test_a_session_refused_after_the_handshake_is_told_by_its_phase() -> None:
    world = greeted(World())
    world.drop()
    assert "socat" not in world.why
    assert "still logging in" in world.why
