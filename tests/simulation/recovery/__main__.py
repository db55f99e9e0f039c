"""`python -m tests.simulation.recovery --years N`: play recovery seed after seed on all cores, and say what came of it.

With `--record` the result is written into docs/recovery.md. Exit status 0 if every promise was kept, 1 if not.
"""

import sys

from supervisor.core.model.recovery.rules import Result
from tests.simulation import record
from tests.simulation.recovery.world import Tally, play
from tests.simulation.soak import Outcome, asked_of, soak_as_asked


def of_soak(outcome: Outcome[Tally], first: int) -> str:
    """The table for docs/recovery.md."""
    tally = outcome.tally
    deeds, unneeded = tally.deeds.total(), tally.unneeded.total()
    rows = (
        ("gateway-years", f"{tally.days / 365:,.0f}"),
        ("seeds", f"{first} to {first + tally.runs - 1}"),
        ("steps of the core", f"{tally.steps:,}"),
        ("faults", f"{tally.faults.total():,}"),
        ("deeds", f"{deeds:,}"),
        *((f"of them {rung.value}", f"{times:,}") for rung, times in tally.deeds.most_common()),
        ("deeds proved", f"{tally.results[Result.PROVED.value]:,}"),
        ("deeds that were not needed", f"{unneeded:,} ({100 * unneeded / max(deeds, 1):.0f} %)"),
        *((f"of them {rung.value}", f"{times:,}") for rung, times in tally.unneeded.most_common()),
        ("promises broken", len(outcome.failed)),
    )
    return record.table(("what", "how much"), rows)


def main() -> int:
    asked = asked_of("Simulate gateway-years of faults that recovery may cure, and of some that it must not touch.")
    outcome = soak_as_asked(play, Tally(), asked)
    print(of_soak(outcome, asked.first))
    if asked.record:
        record.write("soak", of_soak(outcome, asked.first), record.PAGE.with_name("recovery.md"))
    return 1 if outcome.failed else 0


if __name__ == "__main__":
    sys.exit(main())
