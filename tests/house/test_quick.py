"""How tests are run: `make quick` runs those of what was changed, and a file stays with one worker."""

import pytest

from tests.again import plain
from tests.quick import ALWAYS, FOLLOW, LONG, ROOT, claims_about


@pytest.mark.parametrize(
    ("file", "tests"),
    [
        ("supervisor/core/parts/farms.py", {"tests/observe/metrics"}),
        ("supervisor/core/model/pages.py", {"tests/deploy/test_rules.py", "tests/deploy/test_alertmanager.py"}),
        ("supervisor/observe/web/app.py", {"tests/observe/web"}),
        ("supervisor/observe/events.py", {"tests/observe"}),
        ("supervisor/observe/web/static/page.css", {"tests/observe/web"}),
        ("supervisor/runtime/loop.py", {"tests/runtime"}),
        ("supervisor/yaml_lines.py", {"tests/config", "tests/simulator/test_scenario.py"}),
        ("tests/gateway/test_link.py", {"tests/gateway/test_link.py"}),
        ("deploy/prometheus/alerts.yaml", {"tests/deploy/test_rules.py"}),
        ("LICENSE", set()),
    ],
)
def test_a_changed_file_has_its_tests_run(file: str, tests: set[str]) -> None:
    assert tests <= set(claims_about([file]))
    assert set(ALWAYS) <= set(claims_about([file]))


def test_a_file_of_a_folder_that_is_run_is_not_run_twice() -> None:
    found = claims_about(["supervisor/gateway/link.py", "tests/gateway/test_link.py"])
    assert found == ["tests/core", "tests/gateway", "tests/house"]


def test_every_place_that_it_names_exists() -> None:
    for about, tests in FOLLOW.items():
        assert (ROOT / about).exists()
        assert all((ROOT / test).exists() for test in (*tests, *LONG, *ALWAYS))


def test_a_file_stays_with_one_worker(request: pytest.FixtureRequest) -> None:
    """Else each worker makes the fixtures of each file anew, which nothing else would tell."""
    name = request.node.nodeid
    assert name.endswith("@house-test_quick") is getattr(request.config.option, "loadgroup", False)
    assert plain(name) == "tests/house/test_quick.py::test_a_file_stays_with_one_worker"


@pytest.mark.parametrize(
    "name", ["tests/a.py::test_b", "tests/a.py::test_b@a-b", "tests/a.py::test_b[x@y]@a-b", "tests/a.py::test_b[x@y]"]
)
def test_what_failed_is_run_again_by_its_plain_name(name: str) -> None:
    assert plain(name) in {"tests/a.py::test_b", "tests/a.py::test_b[x@y]"}
