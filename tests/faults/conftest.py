"""The one daemon that lives through all faults."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from supervisor.simulator import Fleet
from tests.faults.site import Place, Site

Adds = Callable[..., Place]


@pytest.fixture(scope="session")
def whole_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Fleet() as fleet:
        site = Site(tmp_path_factory.mktemp("faults"), fleet)
        try:
            yield site
        finally:
            site.close()


@pytest.fixture
def site(whole_site: Site) -> Iterator[Site]:
    """For one test; afterwards the daemon lives, and its witness never noticed anything."""
    before = whole_site.witness.epoch
    try:
        yield whole_site
        assert whole_site.daemon.process.poll() is None, "the daemon has ended"
        assert whole_site.witness.epoch == before, "the witness lost its session"
        assert not whole_site.daemon.said("Traceback")
        assert not whole_site.daemon.said("a decision failed")
    finally:
        whole_site.clear()


@pytest.fixture
def at(site: Site) -> Place:
    """A gateway that is up, with the usual config of these tests."""
    return site.add(site.new_name())


@pytest.fixture
def add(site: Site) -> Adds:
    """A gateway with a config of its own: `add(required_farms="[usfarm]")`."""

    def added(**keys: Any) -> Place:
        return site.add(site.new_name(), **keys)

    return added
