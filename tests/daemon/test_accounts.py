"""Account numbers: masked wherever the daemon writes, and in full once the config says so."""

import sqlite3
from contextlib import closing
from pathlib import Path

from supervisor.simulator import Fleet, SimulatedGateway
from tests.daemon.running import Running, gateways, quick, running


def written(daemon: Running, folder: Path, code: int) -> dict[str, str]:
    """What each place has of a code."""
    with closing(sqlite3.connect(f"file:{folder / 'journal.db'}?mode=ro", uri=True)) as journal:
        told = journal.execute("SELECT text FROM log WHERE text LIKE ?", (f"{code}: %",)).fetchall()
        heard = journal.execute("SELECT text FROM notices WHERE code = ?", (code,)).fetchall()
    wire = (folder / "wire" / "live.log").read_text("utf-8").splitlines()
    return {
        "log": "".join(daemon.said(f"{code}: ")),
        "events": daemon.get("/api/v1/events"),
        "journal": "".join(text for (text,) in told),
        "notices": "".join(text for (text,) in heard),
        "wire log": "".join(line for line in wire if f";{code};" in line),
    }


def test_account_numbers_are_masked_until_the_config_shows_them(tmp_path: Path) -> None:
    with Fleet() as fleet, SimulatedGateway(fleet=fleet) as gateway:
        config = f"{gateways(quick(gateway.port))}log: {{wire: {tmp_path / 'wire'}}}\n"
        with running(tmp_path, config) as daemon:
            daemon.wait_up()
            gateway.do("notice", code=9991, text="about U1234567")
            daemon.until(lambda: all("U***67" in text for text in written(daemon, tmp_path, 9991).values()))
            assert not any("U1234567" in text for text in written(daemon, tmp_path, 9991).values())

            daemon.reload(f"{config}show_accounts: true\n")
            daemon.until(lambda: daemon.said("config reloaded"))
            known = daemon.metric("ib_observed_seconds_total", gateway="live")
            daemon.until(lambda: daemon.metric("ib_observed_seconds_total", gateway="live") > known + 1.5)  # type: ignore[operator]
            gateway.do("notice", code=9992, text="about U1234567")
            daemon.until(lambda: all("U1234567" in text for text in written(daemon, tmp_path, 9992).values()))
