"""Which ibapi is installed, what it may log, and that every supported one passes the same tests of a session."""

import importlib.metadata
import logging
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from supervisor.gateway.versions import IbapiVersion, ibapi_version, tame_logging
from tests.judges.environments import python_of

ROOT = Path(__file__).parents[2]


def test_the_installed_ibapi_is_named() -> None:
    version = ibapi_version()
    assert version.version == importlib.metadata.version("ibapi")
    assert version.distributions == ("ibapi",)
    assert version.warning is None
    assert str(version) == f"ibapi {version.version} (from distribution ibapi)"


def test_two_distributions_are_warned_of() -> None:
    warning = IbapiVersion("9.81.1-1", ("ibapi", "nautilus-ibapi")).warning
    assert warning is not None
    assert "ibapi and nautilus-ibapi both provide ibapi" in warning


def test_the_version_of_two_distributions_is_what_the_package_says_of_itself(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, files in {
        "ibapi": ("top_level.txt", "ibapi\n"),
        "nautilus-ibapi": ("RECORD", "ibapi/__init__.py,,\n"),
    }.items():
        folder = tmp_path / f"{name.replace('-', '_')}-1.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Name: {name}\n", encoding="utf-8")
        (folder / files[0]).write_text(files[1], encoding="utf-8")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert ibapi_version.__wrapped__() == IbapiVersion("9.81.1-1", ("ibapi", "nautilus-ibapi"))


def test_warnings_of_ibapi_come_without_what_they_warn_about_and_rarely(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("ibapi")
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
    tame_logging()
    with caplog.at_level(logging.WARNING):
        for _ in range(100):
            logging.getLogger("ibapi.decoder").error("diff len fields: %s", "U1234567" * 1000)
            logging.getLogger("ibapi.client").info("SENDING")
    assert [record.getMessage() for record in caplog.records] == [
        "ibapi had doubts about a message (ibapi.decoder: diff len fields: %s)"
    ]


@pytest.mark.timeout(600)  # the first run makes the environments
@pytest.mark.parametrize(
    "version",
    ["10.30.1", *(pytest.param(each, marks=pytest.mark.long) for each in ("10.37.2", "10.46.1", "10.50.2")), "10.51.1"],
)
def test_every_supported_ibapi_passes_the_tests_of_a_session(version: str) -> None:
    """9.81.1 is the one in this environment. The oldest and the newest of the others are always tried."""
    python = python_of(f"ibapi-{version}", "pytest>=8.3", "pytest-timeout>=2.3", "pyyaml>=6.0.2", "tzdata")
    says = run([python, "-c", "import ibapi; print(ibapi.__version__)"], ROOT)
    assert [int(part) for part in says.stdout.strip().split(".")] == [int(part) for part in version.split(".")]
    files = sorted(Path(__file__).parent.glob("test_session*.py"))
    assert len(files) == 6
    done = run([python, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", *files], ROOT)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert " passed" in done.stdout


SELF_TEST = """
from supervisor.gateway.selftest import trial as selftest
tried = []
attempt = selftest._try
selftest._try = lambda timeout, highest: tried.append(highest) or attempt(timeout, highest)
selftest.self_test()
print(tried)
"""


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("version", "tried"),
    [
        ("9.81.1", [200]),
        ("10.30.1", [200]),
        ("10.37.2", [200, 203]),
        ("10.46.1", [200, 225]),
        ("10.50.2", [200, 226]),
        ("10.51.1", [200, 226]),
    ],
)
def test_every_supported_ibapi_passes_the_self_test_in_text_and_in_protobuf_if_it_speaks_it(
    version: str, tried: list[int]
) -> None:
    done = run([python_of(f"ibapi-{version}"), "-B", "-c", SELF_TEST], ROOT)
    assert (done.stdout.strip(), done.stderr) == (str(tried), "")


def run(command: Sequence[object], directory: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([str(word) for word in command], cwd=directory, capture_output=True, text=True, timeout=300)
