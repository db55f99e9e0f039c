"""The walk of one 1100 through the code: which functions of ours run from the event to the snapshot.

`PYTHONPATH=. python tests/bench/walk.py [MODULE]`. MODULE has the `busy` and `decide` of the tests of cost, so that the
tree of another version is measured with the same script: `PYTHONPATH=TREE python tests/bench/walk.py MODULE`.
"""

import gc
import importlib
import sys
from collections import Counter
from pathlib import PurePath
from types import FrameType
from typing import Any

LOST = "Connectivity between IB and Trader Workstation has been lost."


def walk(module: str) -> Counter[tuple[str, str]]:
    """How often each function is called, by file and name. A generator is its function's own."""
    scene = importlib.import_module(module)
    for _ in range(2):  # writes the methods that are written when they are first called
        warm = scene.busy()
        scene.decide(warm, scene.NoticeReceived(warm.snapshot.epoch, -1, 1100, LOST))
    world = scene.busy()
    event = scene.NoticeReceived(world.snapshot.epoch, -1, 1100, LOST)
    calls: Counter[tuple[str, str]] = Counter()

    def profile(frame: FrameType, what: str, argument: Any) -> None:
        _, ours, file = frame.f_code.co_filename.rpartition("/supervisor/")
        if what == "call" and ours:
            calls[file, frame.f_code.co_qualname.partition(".<")[0]] += 1

    gc.disable()
    sys.setprofile(profile)
    try:
        scene.decide(world, event)
    finally:
        sys.setprofile(None)
        gc.enable()
    assert world.snapshot.status == "degraded", "the loss was not understood"
    return calls


def main() -> None:
    """Print the walk, file by file, and its sums."""
    calls = walk(sys.argv[1] if len(sys.argv) > 1 else "tests.core.step.test_cost")
    files = sorted({file for file, _ in calls})
    for file in files:
        print(f"{file:<28} {', '.join(sorted(name for path, name in calls if path == file))}")
    rooms = {PurePath(file).parent for file in files}
    print(f"{len(calls)} functions in {len(files)} files of {len(rooms)} rooms, {calls.total()} calls")


if __name__ == "__main__":
    main()
