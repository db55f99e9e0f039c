"""What waits for a word, whose word it was, and what a person asks for by hand."""

from dataclasses import replace

from supervisor.core.model.events import RungApproved, RungAsked
from supervisor.core.model.recovery.rules import (
    Block,
    MarketHours,
    NeedsLogin,
    Rung,
)
from tests.core.driver import World
from tests.core.parts.recovery.scenes import (
    ANEW,
    BROKEN,
    COMMAND,
    DATA,
    JVM,
    NEXT_JVM,
    OK,
    allowed,
    back,
    blocks,
    broken_at,
    gone,
    hang,
    heals,
    see,
    steps,
    view,
    waiting,
    world_of,
)

# -- approval ---------------------------------------------------------------------------------------------------------


def test_what_may_cost_a_login_waits_for_a_word_and_says_so_once() -> None:
    world = waiting()
    world.run(3600)
    assert (heals(world), steps(world)) == ([], ["proposed"])
    proposal = view(world).proposal
    assert proposal is not None
    assert (proposal.rung, proposal.needs_login, proposal.approved_by) == (Rung.RESTART, NeedsLogin.MAYBE, "")


def test_an_approval_is_written_down_with_who_gave_it() -> None:
    world = waiting()
    world.step(RungApproved("ann"))
    assert heals(world) == [Rung.RESTART]
    assert steps(world) == ["proposed", "approved", "started"]
    assert world.tells("recovery")[1].fields["by"] == "ann"
    deed = view(world).deed
    assert deed is not None
    assert deed.by == "ann"


def test_an_approval_ends_with_the_outage() -> None:
    world = back(waiting(), JVM)
    assert steps(world) == ["proposed", "withdrawn"]
    world.step(RungApproved("ann"))
    assert world.tells("recovery")[-1].text == "ann asked for recovery; not done: nothing waits for approval"
    hang(world).run(200)
    assert heals(world) == []


def approved_while_it_starts() -> World:
    """Somebody starts the gateway and approves the command in the same minute; then it ends again."""
    world = gone(world_of(allowed(replace(COMMAND, patience=5.0, unattended=False))))
    world.run(20)
    see(world, NEXT_JVM)
    world.step(RungApproved("ann"))
    shown = view(world).proposal
    assert shown is not None
    assert (shown.approved_by, heals(world)) == ("ann", [])
    world.run(120)
    assert steps(world) == ["proposed", "approved", "withdrawn"]
    return world


def test_an_approval_outlives_a_moment_in_which_something_is_against_it() -> None:
    world = gone(approved_while_it_starts())
    world.run(20)
    assert heals(world) == [Rung.COMMAND]


def test_an_approval_that_was_not_used_expires_after_15_minutes() -> None:
    world = approved_while_it_starts()
    world.run(900)
    gone(world).run(60)
    assert (heals(world), steps(world)[-1]) == ([], "proposed")


def test_in_market_hours_everything_waits_for_a_word() -> None:
    settings = allowed(DATA, market_hours=MarketHours.AVOID)
    world = broken_at("2027-01-06 09:20 NY", settings)
    world.until("2027-01-06 09:40 NY")
    assert heals(world) == [Rung.RECONNECT_DATA]
    world.notice(*OK)
    world.notice(*BROKEN)
    world.run(700)
    assert blocks(world) == {Rung.RECONNECT_DATA: Block.APPROVAL}


# -- by hand ----------------------------------------------------------------------------------------------------------


def test_by_hand_a_rung_needs_neither_patience_nor_approval_and_is_checked_all_the_same() -> None:
    world = world_of(allowed(DATA, replace(ANEW, unattended=False)))
    world.step(RungAsked(Rung.RESTART, "ann"))
    assert "not done: what it is for is not so now" in world.tells("recovery")[-1].text
    world.notice(*BROKEN)
    world.step(RungAsked(None, "ann"))
    assert heals(world) == [Rung.RECONNECT_DATA]
    world.step(RungAsked(None, "ann"))
    assert world.tells("recovery")[-1].fields["why"] == "deed_under_way"
    world.step(RungAsked(Rung.COMMAND, ""))
    assert world.tells("recovery")[-1].fields["why"] == "not_listed"


def test_by_hand_without_recovery_is_refused() -> None:
    world = World().up()
    world.step(RungAsked(None, "ann"))
    world.step(RungApproved("ann"))
    assert [report.fields["why"] for report in world.tells("recovery")] == ["not_listed", "not_listed"]
