"""`make quick`: style, types, the tests of core, and those of the rooms that differ from main. Under a minute.

Types are checked beside the tests, because both take most of their time on one core.
"""

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]
ALWAYS = ("tests/core", "tests/house")
FOLLOW = {
    "supervisor/core": ("tests/observe/metrics", "tests/commands/test_codes.py", "tests/docs/test_generated.py"),
    "supervisor/core/model/pages.py": ("tests/deploy/test_rules.py", "tests/deploy/test_alertmanager.py"),
    "supervisor/observe/metrics": ("tests/docs/test_generated.py", "tests/deploy/test_dashboards.py"),
    "supervisor/platform.py": ("tests/runtime", "tests/platforms"),
    "supervisor/yaml_lines.py": ("tests/config", "tests/simulator/test_scenario.py"),
    "deploy/prometheus": ("tests/deploy/test_rules.py", "tests/deploy/test_settings.py"),
    "deploy/alertmanager": ("tests/deploy/test_alertmanager.py",),
    "deploy/runbooks": ("tests/deploy/test_runbooks.py",),
    "deploy/grafana": ("tests/deploy/test_dashboards.py",),
    "deploy": ("tests/deploy/test_rules.py", "tests/deploy/test_pins.py"),
    "config": ("tests/config/test_examples.py",),
    "docs": ("tests/docs/test_generated.py", "tests/docs/test_links.py"),
    "CONTRIBUTING.md": ("tests/docs/test_links.py",),
    "README.md": ("tests/docs/test_links.py",),
}
"""Tests that read a place besides those of the same name."""
LONG = (
    "tests/browser",
    "tests/stories",
    "tests/deploy/test_lab.py",
    "tests/deploy/test_receivers.py",
    "tests/core/test_flaps.py",
    "tests/core/step/test_facts.py",
    "tests/core/step/test_lies.py",
    "tests/core/step/test_year.py",
    "tests/core/calendar/test_windows_properties.py",
)
"""Left to `make test`: they start browsers, whole daemons that wait, or simulate days and years."""


def changed() -> list[str]:
    """The files that differ from where this branch left main, and those that git does not know yet."""
    base = _git("merge-base", "HEAD", "main") or ["HEAD"]
    return sorted({*_git("diff", "--name-only", base[0]), *_git("ls-files", "--others", "--exclude-standard")})


def claims_about(files: Iterable[str]) -> list[str]:
    """The folders and files of tests that claim something of these files."""
    found = set(ALWAYS)
    for file in files:
        place = Path(file)
        if place.parts[0] == "tests" and place.name.startswith("test_"):
            found.add(file)
        if place.parts[0] == "supervisor":
            found.update(_mirrors(place))
        for about, tests in FOLLOW.items():
            if place.is_relative_to(about):
                found.update(tests)
    whole = {test for test in found if any(other != test and Path(test).is_relative_to(other) for other in found)}
    return sorted(test for test in found - whole if (ROOT / test).exists() and not test.startswith(LONG))


def _mirrors(place: Path) -> Iterable[str]:
    """The folder of tests with the name of the room; that of the whole room where there is none."""
    for parent in place.parents:
        mirror = Path("tests", *parent.parts[1:])
        if mirror != Path("tests") and (ROOT / mirror).is_dir():
            return (mirror.as_posix(),)
    return ()


def _git(*arguments: str) -> list[str]:
    run = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return run.stdout.splitlines() if run.returncode == 0 else []


def main() -> int:
    """Run it all; 0 if all is well."""
    program = (sys.executable, "-m")
    for style in (("format", "--check", "--quiet", "."), ("check", "--quiet", ".")):
        if subprocess.run([*program, "ruff", *style], cwd=ROOT, check=False).returncode != 0:
            print("style: run `make format`, then mend what is left", file=sys.stderr)
            return 1
    tests = claims_about(changed())
    print("tests:", *tests)
    with subprocess.Popen([*program, "mypy"], cwd=ROOT, stdout=subprocess.PIPE, text=True) as types:
        workers = str(os.cpu_count() or 2)
        pytest = [
            *program,
            "pytest",
            "-q",
            "-m",
            "not root and not long",
            "-n",
            workers,
            *(f"--ignore={path}" for path in LONG),
        ]
        failed = subprocess.run([*pytest, *tests, *sys.argv[1:]], cwd=ROOT, check=False).returncode
        print(types.communicate()[0].strip())
    return failed or types.returncode


if __name__ == "__main__":
    sys.exit(main())
