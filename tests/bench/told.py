"""What messages to people cost the loop, with a target that hangs: 10,000 of them, each with its entry in the journal.

`PYTHONPATH=. python tests/bench/told.py` prints the table of docs/benchmarks.md.
"""

import tempfile
import time
from pathlib import Path
from statistics import quantiles

from supervisor.core.model.pages import Severity
from supervisor.core.parts.telling.outbox import Rules
from supervisor.observe.journal.journal import Journal
from supervisor.observe.notify.apprise_target import AppriseTarget
from supervisor.observe.notify.notifier import Address, Notifier
from supervisor.runtime.clocks import Clock
from tests.observe.notify.receivers import HANGS, receiving
from tests.observe.notify.test_notifier import message

EVENTS = 10_000


def measured(folder: Path, count: int, targets: int) -> tuple[float, float, float]:
    """Median, p99 and the longest of `announce`, in microseconds."""
    journal = Journal(folder / f"journal-{targets}.db")
    journal.open()
    with receiving(HANGS) as receiver:
        told = Notifier(journal, Clock().now, "http://127.0.0.1:14000/", lambda name, url: AppriseTarget(name, url))
        told.arrange(Address(Rules(f"target{number}"), "short", receiver.url) for number in range(targets))
        took = []
        for number in range(count):
            said = message(f"gw{number % 100:03}", str(number), Severity.CRITICAL)
            began = time.perf_counter()
            told.announce(said)
            took.append((time.perf_counter() - began) * 1e6)
        told.end(0.0)
    journal.close(5.0)
    found = quantiles(took, n=100)
    return found[49], found[98], max(took)


if __name__ == "__main__":
    print("| targets that hang | median | p99 | longest |\n| ---: | ---: | ---: | ---: |")
    for amount in (0, 1, 3):
        with tempfile.TemporaryDirectory() as place:
            median, worst, longest = measured(Path(place), EVENTS, amount)
        print(f"| {amount} | {median:.0f} us | {worst:.0f} us | {longest / 1000:.1f} ms |")
