"""Where Prometheus' and Alertmanager's programs are, and the marks that skip a test without them.

On Debian: apt-get install --no-install-recommends prometheus prometheus-alertmanager faketime
"""

import os
import shutil
import subprocess
from glob import glob
from pathlib import Path

import pytest

from supervisor.observe.metrics.gateway import GATEWAY
from supervisor.observe.metrics.own import OWN

HINT = "apt-get install --no-install-recommends prometheus prometheus-alertmanager faketime"
DEPLOY = Path(__file__).parents[2] / "deploy"
ALERTS = DEPLOY / "prometheus" / "alerts.yaml"
RECORDS = DEPLOY / "prometheus" / "records.yaml"
RUNBOOKS = DEPLOY / "runbooks"
METRICS = frozenset(family.name for family in GATEWAY) | frozenset(family.name for family in OWN)
"""Every metric of the daemon."""

FRUGAL = {"GOGC": "400"}
"""For programs in Go that live for seconds: collecting what they let go takes a third of promtool's time."""

_NAMES = {"alertmanager": ("prometheus-alertmanager", "alertmanager")}
"""Debian's name, and the one of the project's own releases."""


def find(program: str) -> str | None:
    """The path of a program, or None."""
    return next(filter(None, map(shutil.which, _NAMES.get(program, (program,)))), None)


def needs(*programs: str) -> pytest.MarkDecorator:
    """A mark: skip where one of these programs is not installed; with LAB_REQUIRED=1, fail there instead."""
    missing = [program for program in programs if find(program) is None and not os.environ.get("LAB_REQUIRED")]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}; {HINT}")


def path_of(program: str) -> str:
    """The path of a program that `needs` has seen."""
    found = find(program)
    if found is None:
        raise FileNotFoundError(program)
    return found


def run(program: str, *arguments: str | Path, text: str | None = None) -> str:
    """What the program prints, both streams; the test fails if it fails."""
    done = subprocess.run(
        [path_of(program), *map(str, arguments)],
        input=text,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=100,
        check=False,
        env={**os.environ, **FRUGAL},
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def faketime_library() -> str | None:
    """The library that moves a process's wall clock and leaves its monotonic one alone, or None."""
    return next(iter(glob("/usr/lib/*/faketime/libfaketime.so.1")), None)
