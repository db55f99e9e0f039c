"""What runs came to, in figures."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Tally:
    """What one run, or many, came to."""

    runs: int = 0
    days: float = 0.0
    steps: int = 0
    pings_skipped: int = 0
    attempts: int = 0
    sessions: int = 0
    outages: int = 0
    faults: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Tally") -> None:
        self.runs += other.runs
        self.days += other.days
        self.steps += other.steps
        self.pings_skipped += other.pings_skipped
        self.attempts += other.attempts
        self.sessions += other.sessions
        self.outages += other.outages
        self.faults.update(other.faults)
