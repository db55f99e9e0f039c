"""What all judges of one process look at."""

from dataclasses import dataclass

from supervisor.core.model.policy import Policy
from tests.simulation.judges.ledger import Ledger
from tests.simulation.judges.planning import Openings


@dataclass
class Case:
    """The policy, which a reload replaces, its windows, and the account of what the core was told and did."""

    policy: Policy
    openings: Openings
    ledger: Ledger
