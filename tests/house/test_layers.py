"""Where things are, which way imports point, and where a library may be used."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "supervisor"

MAY_IMPORT = {
    "platform": {"frozen"},
    "frozen": set(),
    "version": set(),
    "yaml_lines": {"frozen"},
    "core": {"core", "frozen"},
    "gateway": {"core", "gateway", "platform", "frozen"},
    "observe": {"core", "observe", "platform", "frozen"},
    "controllers": {"core", "controllers", "platform", "frozen"},
    "kernel": {"core", "kernel", "platform", "frozen"},
    "config": {"core", "config", "platform", "yaml_lines", "frozen"},
    "runtime": {"core", "gateway", "runtime", "platform", "frozen"},
    "host": {"core", "gateway", "runtime", "observe", "host", "platform", "frozen"},
    "daemon": {
        "core",
        "gateway",
        "runtime",
        "observe",
        "config",
        "controllers",
        "kernel",
        "daemon",
        "platform",
        "frozen",
        "version",
    },
    "simulator": {"simulator", "platform", "yaml_lines", "frozen"},
    "commands": {
        "core",
        "gateway",
        "controllers",
        "observe",
        "config",
        "runtime",
        "daemon",
        "simulator",
        "commands",
        "platform",
        "frozen",
        "version",
    },
}
"""core <- gateway, observe, config, controllers, kernel; core, gateway <- runtime; these <- daemon <- commands;
simulator <- commands; core, gateway, runtime, observe.gate <- host; `host.metrics()` reads observe.metrics when it is
called.

Beside the rooms stand four modules: frozen <- all, platform <- all but core, yaml_lines <- the rooms that read files of
people, version <- daemon, commands.
"""
LEAVES = {
    ("simulator", "supervisor.core.calendar.durations"),
    ("simulator", "supervisor.core.codes.accounts"),
}
"""Modules that a room may import although their room is closed to it: there is one parser of durations, and one idea of
what an account number looks like."""
PLACES = {
    "ibapi": {"gateway"},
    "ib_async": {"host/aio"},
    "apscheduler": {"daemon"},
    "apprise": {"observe/notify"},
    "prometheus_client": {"observe/metrics"},
    "sdnotify": {"observe/systemd"},
    "bcrypt": {"observe/web/access"},
    "h11": {"observe/web", "observe/web/access"},
    "starlette": {"observe/web", "observe/web/access"},
    "uvicorn": {"observe/web", "observe/web/access"},
    "yaml": {"config", "simulator", "yaml_lines"},
    "pytest": {"simulator"},
    "pydantic": {"config", "commands/shared"},
    "pydantic_core": {"config"},
    "typer": {"commands"},
    "rich": {"commands"},
    "textual": {"commands"},
}
"""Each library's one place: a room, or a room in it."""
NOT_IN_CORE = {
    "asyncio",
    "concurrent",
    "logging",
    "multiprocessing",
    "os",
    "queue",
    "random",
    "sched",
    "secrets",
    "select",
    "selectors",
    "signal",
    "socket",
    "subprocess",
    "tempfile",
    "threading",
    "time",
}
"""Of the standard library: threads, sockets, clocks, chance, the machine. They reach the core as arguments."""
AT_THE_ROOT = {
    ".ci",
    ".github",
    ".gitignore",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "SECURITY.md",
    "config",
    "deploy",
    "docs",
    "mkdocs.yml",
    "pyproject.toml",
    "supervisor",
    "systemd",
    "tests",
}
LINES = 400


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def place(path: Path) -> str:
    """The part of the house: `core`, `gateway`, ..., `platform`; empty for the package itself."""
    parts = path.relative_to(PACKAGE).parts
    return "" if parts[0] in {"__init__.py", "__main__.py"} else parts[0].removesuffix(".py")


def room(path: Path) -> str:
    """The folder within the house: `core/parts`, `observe/web`, `config`; empty for the package itself."""
    return path.relative_to(PACKAGE).parent.as_posix().removeprefix(".")


def parsed(path: Path) -> ast.Module:
    """The file as a tree."""
    return _tree(path.read_text(encoding="utf-8"))


@cache
def _tree(text: str) -> ast.Module:
    return ast.parse(text)


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Every module that is imported, anywhere in the file, with its line."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports name their module in full"
            assert node.module is not None
            if node.module == "supervisor":
                yield from ((node.lineno, f"supervisor.{name.name}") for name in node.names)
            else:
                yield node.lineno, node.module


def found(path: Path, line: int, name: str) -> str:
    return f"{path.relative_to(ROOT)}:{line}: {name}"


def test_no_arrow_points_back() -> None:
    back = [
        found(path, line, name)
        for path in modules()
        if place(path)
        for line, name in imports(path)
        if name.startswith("supervisor.") and name.split(".")[1] in MAY_IMPORT.keys() - MAY_IMPORT[place(path)]
        if (place(path), name) not in LEAVES
    ]
    assert back == []


def test_a_hosted_program_takes_of_observe_only_the_gate_and_metrics_when_asked() -> None:
    strays = [
        found(path, line, name)
        for path in modules()
        if place(path) == "host"
        for line, name in imports(path)
        if name.startswith("supervisor.observe.")
        and not name.startswith("supervisor.observe.gate.")
        and not (name.startswith("supervisor.observe.metrics.") and path.name in ("metrics.py", "host.py"))
    ]
    assert strays == []


def test_every_part_of_the_house_is_known() -> None:
    parts = {place(path) for path in modules()} - {""}
    assert parts <= MAY_IMPORT.keys()


def test_the_package_itself_imports_the_command_line_at_most() -> None:
    own = [
        found(path, line, name)
        for path in modules()
        if not place(path)
        for line, name in imports(path)
        if name.startswith("supervisor.") and not name.startswith("supervisor.commands")
    ]
    assert own == []


def test_a_library_is_imported_in_its_one_place_only() -> None:
    strays = [
        found(path, line, name)
        for path in modules()
        for line, name in imports(path)
        if (top := name.split(".")[0]) not in sys.stdlib_module_names
        and top != "supervisor"
        and not PLACES.get(top, set()) & {place(path), room(path)}
    ]
    assert strays == []


def test_only_the_printer_writes_to_a_terminal() -> None:
    """Text from outside would reach it unescaped."""
    around = [
        found(path, node.lineno, ast.unparse(node.func))
        for path in modules()
        if place(path) == "commands" and path.name != "printer.py"
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in {"print", "typer.echo", "typer.secho", "click.echo", "Console"}
    ]
    assert around == []


def test_the_core_knows_no_threads_sockets_clocks_logging_or_chance() -> None:
    strays = [
        found(path, line, name)
        for path in modules()
        if place(path) == "core"
        for line, name in imports(path)
        if name.split(".")[0] in NOT_IN_CORE
    ]
    assert strays == []


def test_the_core_never_asks_what_time_it_is() -> None:
    asked = [
        found(path, node.lineno, node.attr)
        for path in modules()
        if place(path) == "core"
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Attribute)
        and node.attr in {"now", "utcnow", "today"}
        and isinstance(node.ctx, ast.Load)
        if isinstance(node.value, ast.Name) and node.value.id in {"datetime", "date", "dt"}
    ]
    assert asked == []


SELDOM = {"controllers/watch.py", "observe/notify/heartbeat.py", "config/web_file.py"}
"""What few configs ask for, and what each start would pay for."""


def test_only_where_the_start_must_be_fast_is_anything_imported_inside_a_function() -> None:
    hidden = [
        found(path, inner.lineno, ast.unparse(inner))
        for path in modules()
        if place(path) not in {"commands", "daemon"} and path.relative_to(ROOT / "supervisor").as_posix() not in SELDOM
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]
    assert hidden == []


def test_what_no_session_needs_is_not_imported_before_the_daemon_is_ready() -> None:
    """It would be much of the time to READY=1."""
    later = [
        "starlette",
        "uvicorn",
        "h11",
        "asyncio",
        "prometheus_client",
        "apscheduler",
        "rich",
        "bcrypt",
        "apprise",
        "ssl",
        "http.client",
    ]
    said = "import sys, supervisor.commands.run; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", said], cwd=ROOT, capture_output=True, text=True, check=True)
    assert [name for name in later if name in run.stdout.split()] == []


def test_no_module_is_longer_than_four_hundred_lines() -> None:
    long = {
        str(path.relative_to(ROOT)): length
        for path in modules()
        if (length := len(path.read_text(encoding="utf-8").splitlines())) >= LINES
    }
    assert long == {}


def test_a_module_opens_with_its_rules() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in modules()
        if parsed(path).body and ast.get_docstring(parsed(path)) is None
    ]
    assert silent == []


def test_the_root_folder_holds_only_what_is_named() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a clone: what is generated cannot be told from what is kept")
    assert {name.split("/")[0] for name in listed.stdout.split("\0") if name} <= AT_THE_ROOT
