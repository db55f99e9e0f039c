"""An `ibapi` that cannot be imported is named with what is most likely wrong with it, not shown as a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


def run(path: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    root = Path(__file__).parents[2]
    return subprocess.run(
        [sys.executable, "-m", "supervisor", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": f"{path}{os.pathsep}{root}"},
    )


@pytest.mark.parametrize(
    ("client", "words"),
    [
        ("import google.nothing_of_this_name", "No module named 'google"),
        (
            "class VersionError(Exception): ...\nraise VersionError('protobuf is older')",
            "VersionError: protobuf is older",
        ),
        ("EClient = None", "ibapi.wrapper"),
    ],
    ids=["without protobuf", "with an old protobuf", "without a module"],
)
def test_the_fault_and_its_likely_cause_are_told(tmp_path: Path, client: str, words: str) -> None:
    (tmp_path / "ibapi").mkdir()
    (tmp_path / "ibapi" / "__init__.py").touch()
    (tmp_path / "ibapi" / "client.py").write_text(client)
    for module in ("connection", "contract", "account_summary_tags", "message", "server_versions"):
        names = "Connection = Contract = AccountSummaryTags = IN = object\nMIN_CLIENT_VER, MAX_CLIENT_VER = 100, 151"
        (tmp_path / "ibapi" / f"{module}.py").write_text(names)
    done = run(tmp_path, "probe", "127.0.0.1:9")
    assert done.returncode == 1
    assert done.stderr.startswith("ibapi cannot be imported: ")
    assert words in done.stderr
    assert "protobuf>=5.29.5" in done.stderr
    assert "Traceback" not in done.stderr


def test_commands_that_need_no_ibapi_work_without_it(tmp_path: Path) -> None:
    (tmp_path / "ibapi").mkdir()
    (tmp_path / "ibapi" / "__init__.py").write_text("raise ImportError('none')")
    assert run(tmp_path, "codes", "1100").returncode == 0
