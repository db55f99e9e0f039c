"""A dry run, a reload, and another process of the daemon."""

from dataclasses import replace

from supervisor.core.model.actions import Heal, Persist
from supervisor.core.model.events import RungApproved
from supervisor.core.model.recovery.rules import (
    Block,
    Result,
    Rung,
)
from supervisor.core.parts.recovery import ladder
from supervisor.core.parts.recovery.memory import NOTHING_DONE
from supervisor.core.parts.recovery.rungs import RUNGS
from tests.core.parts.recovery.scenes import (
    ANEW,
    BROKEN,
    COMMAND,
    DATA,
    allowed,
    blocks,
    hang,
    heals,
    results,
    steps,
    view,
    waiting,
    world_of,
)


def test_a_dry_run_does_everything_but_the_deed_and_spends_no_real_budget() -> None:
    settings = allowed(replace(DATA, budget=1), dry_run=True)
    world = world_of(settings)
    world.notice(*BROKEN)
    world.run(3600)
    assert (heals(world), steps(world)) == ([], ["started"])
    assert results(world) == {(Rung.RECONNECT_DATA, Result.DRY_RUN): 1}
    assert "would now" in world.tells("recovery")[0].text
    world.reload(allowed(replace(DATA, budget=1)))
    world.run(310)
    assert heals(world) == [Rung.RECONNECT_DATA]


def test_a_dry_run_asks_for_approval_too() -> None:
    world = hang(world_of(allowed(replace(ANEW, unattended=False), dry_run=True)))
    world.run(140)
    assert "a dry run" in world.tells("recovery")[0].text
    world.step(RungApproved("ann"))
    assert (heals(world), steps(world)) == ([], ["proposed", "approved", "started"])


def test_what_was_done_is_kept_before_it_is_done_and_counts_in_the_next_process() -> None:
    world = world_of(allowed(replace(DATA, budget=1)))
    world.notice(*BROKEN)
    world.run(301)
    kinds = [type(action) for _, action in world.log]
    assert kinds.index(Heal) > max(place for place, kind in enumerate(kinds[: kinds.index(Heal)]) if kind is Persist)
    heir = world.heir(after=60).up()
    heir.notice(*BROKEN)
    heir.run(3600)
    assert heals(heir) == []
    assert blocks(heir) == {Rung.RECONNECT_DATA: Block.BUDGET}


def test_switched_off_it_forgets_what_it_wanted_and_keeps_what_it_did() -> None:
    world = waiting()
    world.reload(replace(world.policy, recovery=None))
    assert world.snapshot.recovery is None
    world.step(RungApproved("ann"))
    assert heals(world) == []
    world.reload(allowed(ANEW))
    world.run(130)
    assert heals(world) == [Rung.RESTART]


def test_a_rung_that_leaves_the_config_is_no_longer_proposed() -> None:
    world = waiting()
    world.reload(allowed(COMMAND))
    assert view(world).proposal is None


def test_each_rung_has_a_rule_and_the_mildest_is_first() -> None:
    assert list(RUNGS) == list(Rung)


def test_an_answer_without_a_deed_changes_nothing() -> None:
    assert ladder.answered(NOTHING_DONE, 1, True, "") == (NOTHING_DONE, (), None)
