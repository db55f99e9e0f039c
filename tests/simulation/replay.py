"""`python -m tests.simulation.replay SEED`: play one seed; if it breaks a promise, shrink it and tell the story.

Exit status 0 if every promise was kept, 1 if not.
"""

import argparse
import sys

from tests.simulation.driver import Run
from tests.simulation.judges.violation import Violation
from tests.simulation.shrink import breaks, shrunk, violation_of
from tests.simulation.trace import Trace
from tests.simulation.world.scenario import DAYS, Scenario, of_seed


def story(scenario: Scenario, violation: Violation, seconds: float, lines: int = 40) -> str:
    """The smallest schedule found that breaks the same promise, and its last steps."""
    small = shrunk(scenario, breaks(violation.promise), seconds)
    trace = Trace(small, lines)
    said = violation
    try:
        Run(small, watch=trace).run()
    except Violation as again:
        said = again
    faults = "\n".join(f"  {fault}" for fault in small.faults)
    steps = "\n".join(f"  {line}" for line in trace.lines)
    return (
        f"seed {scenario.seed}: {violation.promise}\n"
        f"{len(small.faults)} of {len(scenario.faults)} faults, from {small.begins:%Y-%m-%d %H:%M:%S}Z:\n{faults}\n"
        f"the last steps (truth's clock, event, phase, lowest layer broken, status, actions):\n{steps}\n"
        f"{said}\n"
        f"again: make replay SEED={scenario.seed}\n"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description="Play one seed of the simulation.")
    parser.add_argument("seed", type=int)
    parser.add_argument("--days", type=float, default=DAYS)
    parser.add_argument("--shrink", type=float, default=60.0, help="seconds for shrinking, 0 for none")
    parser.add_argument("--lines", type=int, default=40)
    asked = parser.parse_args()
    scenario = of_seed(asked.seed, asked.days)
    print(f"seed {asked.seed}: {asked.days:g} days from {scenario.begins:%Y-%m-%d}, {len(scenario.faults)} faults")
    violation = violation_of(scenario)
    if violation is None:
        print("every promise was kept")
        return 0
    print(story(scenario, violation, asked.shrink, asked.lines))
    return 1


if __name__ == "__main__":
    sys.exit(main())
