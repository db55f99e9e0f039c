"""The guard of accounts: a session is ready only with accounts that fit, and a wrong one is never explained."""

import pytest

from supervisor.core.model.events import AccountsReceived
from supervisor.core.model.policy import AccountMode
from supervisor.core.model.vocabulary import Phase, Planning
from tests.core.driver import RESTART, World, policy


@pytest.mark.parametrize(
    ("mode", "accounts", "fits"),
    [
        (AccountMode.LIVE, ("U1", "U2"), True),
        (AccountMode.LIVE, ("U1", "DU2"), False),
        (AccountMode.PAPER, ("DU1",), True),
        (AccountMode.PAPER, ("U1",), False),
        (AccountMode.ANY, ("U1", "DU1"), True),
    ],
)
def test_a_session_is_ready_only_if_the_accounts_fit(mode: AccountMode, accounts: tuple[str, ...], fits: bool) -> None:
    world = World(policy(account_mode=mode))
    world.peer.accounts = accounts
    world.start().run(0.1)
    assert (world.phase is Phase.READY) is fits
    assert world.failures() == ({} if fits else {"account_mismatch": 1})


def test_accounts_that_no_longer_fit_end_a_ready_session() -> None:
    world = World(policy(account_mode=AccountMode.LIVE)).up()
    world.run(100)
    world.peer.accounts = ("DU1",)
    world.say(AccountsReceived, ("DU1",))
    world.run(1)
    assert world.losses() == {("protocol", False): 1}
    assert world.failures() == {"account_mismatch": 1}
    said = world.tells("session_lost")[0].text
    assert "serves other accounts than meant" in said
    assert "DU1" not in said, "no account number leaves the core"


def test_accounts_that_no_longer_fit_are_never_explained() -> None:
    world = World(policy(account_mode=AccountMode.LIVE, windows=(RESTART,)), at="2027-01-06 23:40 NY").up()
    world.until("2027-01-06 23:45 NY")
    world.say(AccountsReceived, ("DU1",))
    assert world.losses() == {("protocol", False): 1}
    assert world.snapshot.outage is not None
    assert world.snapshot.outage.planning is not Planning.PLANNED


def test_a_wrong_account_is_never_explained() -> None:
    world = World(policy(account_mode=AccountMode.LIVE, windows=(RESTART,)), at="2027-01-06 23:40 NY").up()
    world.until("2027-01-06 23:45 NY")
    world.peer.accounts = ("DU1",)
    world.drop()
    assert world.word() == "maintenance"
    world.run(1)
    assert world.word() == "down"
    assert world.snapshot.outage is not None
    assert world.snapshot.outage.planning is not Planning.PLANNED
    world.peer.accounts = ("U1",)
    world.run(120)
    assert world.counted() == {("session", False): 1}
