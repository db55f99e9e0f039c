"""`make newest`: what a registry says, and what follows when it says nothing."""

import pytest

from tests.judges.newest import compared


def test_releases_are_compared_as_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    assert compared("ibapi", "10.9.2", "10.51.1") == (True, True)
    assert compared("ibapi", "10.51.1", "10.51.1") == (True, False)
    assert capsys.readouterr().out.splitlines() == [
        "ibapi: 10.9.2 is pinned, 10.51.1 is the newest <- new",
        "ibapi: 10.51.1 is pinned, 10.51.1 is the newest",
    ]


def test_a_registry_that_does_not_answer_is_not_taken_for_nothing_new(capsys: pytest.CaptureFixture[str]) -> None:
    assert compared("ibapi", "10.51.1", "unknown") == (False, False)
    assert "did not say" in capsys.readouterr().out
