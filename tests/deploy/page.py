"""docs/zero-to-paged.md as a program: its `sh` blocks in one bash, in a folder with a copy of `deploy`, on free ports.

`python -m tests.deploy.page` runs it on the ports as written, prints what it prints, and takes its pictures with
headless Chromium (Debian: apt-get install chromium).
"""

import re
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tests.deploy.ports import quiet_port
from tests.deploy.tools import DEPLOY

ROOT = DEPLOY.parent
PAGE = ROOT / "docs" / "zero-to-paged.md"
PORTS = ("14000", "14002", "14003", "14080", "19090", "19093")
GRAPH = "g0.expr=sum+by+%28gateway%29+%28ib_layer_up%29&g0.tab=0&g0.range_input=6m&g0.stacked=0"
STATUS_SHOT = ("paged-status", "460,760", "--timeout=6000", "http://127.0.0.1:14000/")
"""By real time: an open event stream holds up virtual time."""
GRAPH_SHOT = ("paged-graph", "1000,860", "--virtual-time-budget=20000", f"http://127.0.0.1:19090/graph?{GRAPH}")


def blocks() -> list[str]:
    """The commands of the page, block by block."""
    return re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


@dataclass
class Run:
    """The page under way in a folder."""

    folder: Path
    process: subprocess.Popen[str]

    @property
    def pages(self) -> list[str]:
        """What the receiver of the page printed."""
        return (self.folder / "paged" / "pages.txt").read_text(encoding="utf-8").splitlines()

    @property
    def seconds_to_page(self) -> float:
        """From the gateway's end to the first page."""
        broken = (self.folder / "paged" / "broken.txt").read_text(encoding="utf-8").strip()
        told = next(line for line in self.pages if "firing IBGatewayDown" in line).split()[0]
        took = datetime.strptime(told, "%H:%M:%S") - datetime.strptime(broken, "%H:%M:%S")  # noqa: DTZ007  # a difference
        return took.total_seconds() % 86400

    def close(self) -> None:
        """End it and all that it started."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(20)


def start(folder: Path, *, pictures: Path | None = None, as_written: bool = False) -> Run:
    """Begin; what it prints goes to `output.txt` in the folder."""
    ports = {port: port if as_written else str(quiet_port()) for port in PORTS}

    def moved(text: str) -> str:
        return re.sub("|".join(PORTS), lambda match: ports[match[0]], text)

    shutil.copytree(DEPLOY, folder / "deploy")
    for file in (folder / "deploy").rglob("*.y*ml"):
        file.write_text(moved(file.read_text(encoding="utf-8")), encoding="utf-8")
    (folder / ".venv" / "bin").mkdir(parents=True)
    for program in ("ib-supervisor", "python3"):
        (folder / ".venv" / "bin" / program).write_text(_launcher(program), encoding="utf-8")
        (folder / ".venv" / "bin" / program).chmod(0o755)
    parts = blocks()
    if pictures:
        parts[-2:-2] = ["sleep 20\n", _shot(pictures, *STATUS_SHOT)]
        parts.insert(-1, _shot(pictures, *GRAPH_SHOT))
    script = "trap 'trap - TERM; kill $(jobs -p); wait; exit 1' TERM\nset -e -o pipefail\n" + "\n".join(parts)
    with (folder / "output.txt").open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            ["bash", "-c", moved(script)],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        )
    return Run(folder, process)


def _shot(folder: Path, name: str, size: str, when: str, url: str) -> str:
    """A picture of a page."""
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", when]
    options += ["--user-data-dir=chromium", f"--window-size={size}", f"--screenshot={folder / name}.png"]
    return f"timeout 60 chromium {' '.join(options)} '{url}' 2> chromium.log\n"


def _launcher(program: str) -> str:
    """The program of this environment, under the name that the page uses."""
    module = " -m supervisor" if program == "ib-supervisor" else ""
    return f'#!/bin/sh\nexec env PYTHONPATH="{ROOT}" "{sys.executable}"{module} "$@"\n'


def main() -> int:
    """Run it with pictures and show what happened."""
    pictures = ROOT / "docs" / "pictures"
    pictures.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        run = start(Path(folder), pictures=pictures, as_written=True)
        try:
            status = run.process.wait(600)
        finally:
            run.close()
            print((run.folder / "output.txt").read_text(encoding="utf-8"))
        print(f"paged after {run.seconds_to_page:.0f} s; pictures in {pictures}")
    return status


if __name__ == "__main__":
    sys.exit(main())
