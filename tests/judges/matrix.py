"""The table of docs/compatibility.md, out of its own result: `python -m tests.judges.matrix --write`.

Each cell is one session of this project's gateway side, under that `ibapi`, in an environment of its own, with the
simulated gateway at that server version: accounts, next order id, farms, a heartbeat and an upstream probe must all be
answered. A test runs it all.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from supervisor.simulator import Scenario, SimulatedGateway
from tests.judges.environments import python_of
from tests.judges.test_judges import IBAPI, SERVER_VERSIONS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "compatibility.md"
BEGIN, END = "<!-- matrix -->", "<!-- /matrix -->"

_VISIT = """
import json, sys
from supervisor.gateway.visit import visit
seen = visit("127.0.0.1", int(sys.argv[1]), 912)
print(json.dumps({
    "version": seen.server_version, "accounts": seen.accounts, "order_id": seen.next_order_id,
    "codes": sorted(notice.code for notice in seen.notices), "heartbeat": seen.heartbeat, "upstream": seen.upstream,
}))
"""


def cell(client: str, version: int) -> dict[str, Any]:
    """What one session heard."""
    with SimulatedGateway(Scenario(server_version=version)) as gateway:
        done = subprocess.run(
            [str(python_of(client)), "-c", _VISIT, str(gateway.port)],
            capture_output=True, text=True, timeout=60, check=True, cwd=ROOT,
        )  # fmt: skip
    heard: dict[str, Any] = json.loads(done.stdout)
    return heard


def whole(client: str, version: int) -> dict[str, Any]:
    """What one session must hear."""
    return {
        "version": min(version, IBAPI[client]),
        "accounts": ["DU1234567"],
        "order_id": 1,
        "codes": [2104, 2106, 2158],
        "heartbeat": True,
        "upstream": True,
    }


def missing(heard: dict[str, Any], expected: dict[str, Any]) -> list[str]:
    """What a session did not hear as it must."""
    return [name for name, value in expected.items() if heard.get(name) != value]


def table() -> tuple[str, bool]:
    """The matrix as Markdown, and whether every cell is whole."""
    lines = [
        "| gateway's server version | " + " | ".join(client.replace("-", " ") for client in IBAPI) + " |",
        "| --- |" + " --- |" * len(IBAPI),
    ]
    good = True
    for version in SERVER_VERSIONS:
        cells = []
        for client in IBAPI:
            heard = cell(client, version)
            ok = not missing(heard, whole(client, version))
            good = good and ok
            cells.append(f"{'ok' if ok else 'FAILED'}, speaks {heard['version']}")
        lines.append(f"| {version} | " + " | ".join(cells) + " |")
    return "\n".join(lines), good


def main() -> int:
    """Print the table; with `--write` put it into the page."""
    text, good = table()
    print(text)
    if "--write" in sys.argv[1:]:
        page = PAGE.read_text()
        before, _, rest = page.partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
