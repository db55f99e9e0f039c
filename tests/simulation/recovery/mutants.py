"""`python -m tests.simulation.recovery.mutants`: plant faults in recovery, and see how soon each is found."""

import sys
from collections.abc import Callable

from supervisor.core.model.recovery.rules import Block
from supervisor.core.parts.recovery import blocks, ladder, memory
from supervisor.core.parts.recovery.rungs import Scene
from supervisor.core.step.judging import healing
from supervisor.frozen import replace
from tests.simulation.judges.violation import Violation
from tests.simulation.planted.planting import Mutant, planted, replaced
from tests.simulation.recovery.world import Played, Tally


def _blind_to(**what: bool) -> Callable[..., Scene]:
    return lambda right, *args: replace(right(*args), **what)


def _forgives_restarts(right: Callable[..., Block | None], *args: object) -> Block | None:
    found = right(*args)
    return None if found is Block.RESTARTED else found


MUTANTS = (
    replaced("a near restart is no reason", healing.scene_of, _blind_to(restart_near=False)),
    replaced("a server reset is no reason", healing.scene_of, _blind_to(resetting=False, planned=False)),
    replaced("a competing session is no reason", healing.scene_of, _blind_to(competing=False)),
    replaced("whoever has no session hangs", healing.scene_of, _blind_to(hung=True, told_lost=False)),
    replaced("any process may be asked", memory.seen_logged_in, lambda right, *args: True, owner=blocks),
    replaced("a budget is never spent", memory.remaining, lambda right, *args: 9, owner=blocks),
    replaced("no patience", blocks.blocks_of, lambda right, *args: right(*args, by_hand=True), owner=ladder),
    replaced("a process may be restarted again and again", blocks._spent, _forgives_restarts),
)


def hunted(mutant: Mutant, days: float = 30.0, seeds: int = 40) -> str:
    """The promise that a planted fault breaks, and where; empty if none does."""
    with planted(mutant):
        for seed in range(seeds):
            try:
                Played(seed, Tally()).play(days)
            except Violation as broken:
                return f"{broken.promise} (seed {seed})"
    return ""


def main() -> int:
    missed = 0
    for mutant in MUTANTS:
        promise = hunted(mutant)
        missed += not promise
        print(f"| {mutant.name} | {promise or 'NOT FOUND'} |", flush=True)
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
