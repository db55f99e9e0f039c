"""Plays the selected scenes of the calendar side by side."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.stories.faked import LIBRARY
from tests.stories.stage import Scenes, perform

AT_ONCE = 5
"""Scenes that are played at the same time: they mostly wait."""


@pytest.fixture(scope="session")
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenes]:
    """All scenes of the tests that were selected, begun."""
    tests = [item.obj for item in request.session.items if isinstance(item, pytest.Function)]
    plays = [test.scene for test in tests if hasattr(test, "scene")]
    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="scene")
    try:
        yield Scenes(
            {play: pool.submit(perform, play, tmp_path_factory.mktemp(play.__name__[:40])) for play in plays if LIBRARY}
        )
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
