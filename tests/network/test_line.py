"""A daemon and a gateway with a bad network between them; all networks at the same time, each with its own pair."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from tests.endurance.sampling import Row
from tests.network.link import why_not
from tests.network.scenes import DEAD, dead, lossy, stalled

pytestmark = [pytest.mark.root, pytest.mark.skipif(why_not() is not None, reason=str(why_not()))]

SCENES: dict[str, Callable[[Path], Row]] = {
    **{what: partial(dead, what=what) for what in DEAD},
    "1% lost, 200 ms": partial(lossy, loss=0.01, delay=0.1, seconds=5.0, resets=2),
    "5% lost, 200 ms": partial(lossy, loss=0.05, delay=0.1, seconds=5.0, resets=2),
    "a stall of 1 s": partial(stalled, seconds=1.0),
}


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Row]]]:
    with ThreadPoolExecutor(len(SCENES)) as pool:
        yield {name: pool.submit(scene, tmp_path_factory.mktemp("network")) for name, scene in SCENES.items()}


@pytest.mark.parametrize("name", SCENES)
def test_a_bad_line_costs_what_it_must_and_no_more(rows: dict[str, Future[Row]], name: str) -> None:
    row = rows[name].result()
    assert row.kept, f"{row.what}: {row.found}"
