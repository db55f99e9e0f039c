"""The pages as they are sent: what they say without scripts, to whom they offer what, and what the history adds."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from supervisor.core.model.cause import Cause, CauseKey
from supervisor.observe.web.pages import shell
from supervisor.observe.web.pages.overview import SICK_FIRST, overview
from supervisor.observe.web.past_json import LIMIT, MOST
from tests.browser.gallery import staged
from tests.observe import rich
from tests.observe.played import BEGIN
from tests.observe.stage import Stage, served


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with (
        staged() as stage,
        served(stage) as server,
        httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=20) as found,
    ):
        yield found


def history(client: httpx.Client, **asked: str) -> Any:
    answer = client.get("/api/v1/history", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_without_scripts_the_sick_come_first_with_address_client_id_and_labels() -> None:
    fine = rich.eventful().snapshot
    sick = replace(rich.fresh("sick").snapshot, policy=replace(rich.policy("sick"), labels=(("desk", "fx"),)))
    text = overview("1", BEGIN, [fine, sick], may_change=False)
    table = text[text.index("<tbody>") :]
    assert table.index(">sick<") < table.index(">live<")
    assert "127.0.0.1:4001 · client id" in table
    assert "desk=fx" in table


def test_a_gateway_has_a_page_of_tables_with_what_happened(client: httpx.Client) -> None:
    text = client.get("/gateways/tokyo?table").text
    for caption in ("outages of 90 days", "availability by day", "restarts", "sessions", "what is known"):
        assert f"<caption>{caption}</caption>" in text
    assert "<script" not in text
    assert text.count("<tr><th scope=row>2026-") > 100
    assert "too little observed" in text, "of the days on which the daemon did not run"


def test_the_page_without_scripts_leads_to_the_tables(client: httpx.Client) -> None:
    text = client.get("/gateways/tokyo").text
    assert "content='0; url=?table'" in re.findall(r"<noscript>.*?</noscript>", text, re.DOTALL)[0]


def test_a_gateway_that_is_not_there_is_404(client: httpx.Client) -> None:
    answer = client.get("/gateways/atlantis")
    assert (answer.status_code, answer.text) == (404, "there is no gateway 'atlantis'\n")


@pytest.mark.parametrize("path", ["/", "/gateways/tokyo", "/gateways/tokyo?table"])
def test_every_page_allows_its_own_style_and_scripts_and_nothing_else(path: str, client: httpx.Client) -> None:
    answer = client.get(path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "require-trusted-types-for 'script'" in policy
    assert len(answer.content) < 150_000
    assert set(re.findall(r"\w+://[\w.]+", answer.text)) <= {"http://www.w3.org"}, "a name of XML, no address"


def test_a_page_that_is_asked_for_from_elsewhere_offers_no_changes() -> None:
    snapshots = [rich.fresh("live").snapshot]
    assert 'data-asks=""' in overview("1", BEGIN, snapshots, may_change=False)
    assert 'data-asks="pause resume maintenance confirm-login' in overview("1", BEGIN, snapshots, may_change=True)


def test_what_a_cause_says_never_becomes_markup() -> None:
    odd = replace(
        rich.fresh("live").snapshot, cause=Cause(CauseKey.NAME_UNKNOWN, "<script>a & b, U1234567</script>", 4001)
    )
    with served(Stage([odd])) as server:
        text = httpx.get(f"http://127.0.0.1:{server.port}/").text
    assert "&lt;script&gt;a &amp; b, U***67" in text


def test_the_scripts_know_the_same_order_of_statuses() -> None:
    said = re.search(r"const SICK_FIRST = (\[.*?\]);", shell.SCRIPT)
    assert said is not None
    assert json.loads(said[1]) == [status.value for status in SICK_FIRST]


def test_every_script_is_on_the_page_and_every_library_has_its_licence() -> None:
    assert {path.stem for path in (shell.STATIC / "script").glob("*.js")} == set(shell.SCRIPTS)
    assert {path.name for path in (shell.STATIC / "vendor").glob("*.js")} == set(shell.LIBRARIES)
    for name in ("preact", "htm"):
        assert "icen" in Path(shell.STATIC, "vendor", f"{name}.LICENSE").read_text("utf-8")


def test_history_has_the_days_of_a_zone(client: httpx.Client) -> None:
    found = history(client, gateway="tokyo", since="90d", include="days", timezone="Europe/Berlin")
    (gateway,) = found["gateways"]
    days = gateway["days"]
    assert len(days) == 91
    assert days[-1]["start"] == "2026-11-22T23:00:00.000Z"
    for book in ("observed_seconds", "unplanned_seconds", "planned_seconds", "unobserved_seconds"):
        assert sum(day[book] for day in days) == pytest.approx(gateway[book], abs=1)


def test_history_has_what_else_is_asked_for_and_nothing_that_is_not(client: httpx.Client) -> None:
    plain = history(client, gateway="tokyo", since="90d")
    assert set(plain) == {"since", "until", "gateways", "outages", "deeds"}
    assert "days" not in plain["gateways"][0]
    found = history(client, gateway="tokyo", since="90d", include="sessions,restarts,said,events", limit="7")
    for name in ("sessions", "restarts", "events", "outages"):
        rows = found[name]
        assert len(rows) == 7, name
        assert {row["gateway"] for row in rows} == {"tokyo"}
    (said,) = found["said"]
    assert (said["code"], said["times"]) == (1100, 38)
    assert found["outages"] == plain["outages"][-7:], "of outages the newest too, in their order"
    assert len(history(client, since="90d", include="events")["events"]) == LIMIT


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"include": "days,weeks"}, "include has some of days, sessions, restarts, said, events, not 'weeks'"),
        ({"timezone": "Mars/Base"}, "no time zone of the tz database is named 'Mars/Base'"),
        ({"limit": "0"}, f"limit is a number from 1 to {MOST}"),
        ({"limit": "many"}, f"limit is a number from 1 to {MOST}"),
        ({"level": "loud"}, "level is one of debug, info, warning, error"),
    ],
)
def test_what_history_does_not_know_is_refused_with_what_it_does(
    asked: dict[str, str], said: str, client: httpx.Client
) -> None:
    answer = client.get("/api/v1/history", params=asked)
    assert (answer.status_code, answer.text) == (400, f"{said}\n")
