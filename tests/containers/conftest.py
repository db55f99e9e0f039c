"""The engine of the lab, with its images made once."""

import os
from collections.abc import Iterator

import pytest

from tests.containers.engine import Engine, engine_in, why_not
from tests.containers.images import make_all


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    reason = why_not()
    if reason is not None:
        if os.environ.get("LAB_REQUIRED"):
            pytest.fail(reason)
        pytest.skip(reason)
    with engine_in(tmp_path_factory.mktemp("containers")) as found:
        if not os.environ.get("LAB_IMAGES_MADE"):  # by `make lab-containers`, for all of its tests
            make_all(found)
        yield found
