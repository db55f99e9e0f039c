"""The page of one gateway in a real browser: ninety days, outages that open, events that are filtered, actions."""

import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from supervisor.core.model.events import MaintenanceAsked, PauseAsked
from supervisor.simulator import Fleet, SimulatedGateway
from tests.browser.conftest import SHOTS, Complaints, Open, drawn, faults, mostly_long
from tests.browser.gallery import staged
from tests.daemon.running import gateways, quick, running
from tests.observe.stage import Stage, served

NAMES = ("new-york", "frankfurt", "chicago", "london", "tokyo", "paper")
GATE = {
    "gateway": "frankfurt",
    "open": False,
    "reasons": [{"reason": "farms", "text": "a market data farm is broken: eufarm"}],
    "epoch": 3,
    "valid_until": "2026-11-23T15:00:02.000Z",
    "next_restart": "2026-11-24T04:45:00.000Z",
}
RECOVERY = {
    "dry_run": False,
    "rungs": [
        {
            "rung": "reconnect_data",
            "needs_login": "never",
            "budget": 6,
            "remaining": 5,
            "due": None,
            "blocked": "planned",
            "why": "an active window explains what is broken",
        },
        {
            "rung": "restart",
            "needs_login": "maybe",
            "budget": 2,
            "remaining": 2,
            "due": "2026-11-23T15:02:00.000Z",
            "blocked": None,
            "why": None,
        },
    ],
    "proposal": {
        "rung": "restart",
        "needs_login": "maybe",
        "text": "recovery would restart the gateway: it may cost a login",
        "since": "2026-11-23T14:59:00.000Z",
        "approved_by": None,
        "approved_until": None,
    },
    "deed": {
        "rung": "reconnect_data",
        "at": "2026-11-23T14:50:00.000Z",
        "by": None,
        "result": "unproved",
        "words": "OK",
    },
}
CANARY = [
    {
        "name": "EUR.USD",
        "state": "dead",
        "why": None,
        "since": "2026-11-23T14:57:00.000Z",
        "last_update": "2026-11-23T14:56:00.000Z",
        "data_type": "live",
    }
]
More = dict[str, Any]
SEEN: More = {
    "gate": GATE,
    "login_state": "second_factor",
    "login_state_since": "2026-11-23T14:40:00.000Z",
    "recovery": RECOVERY,
    "canary": CANARY,
}


@pytest.fixture(scope="module")
def staging() -> Iterator[tuple[Stage, str]]:
    with staged() as stage, served(stage) as server:
        yield stage, f"http://127.0.0.1:{server.port}"


@pytest.fixture
def gallery(staging: tuple[Stage, str]) -> str:
    return staging[1]


def rich(page: Page, gallery: str, more: More) -> None:
    """The daemon's status of every gateway says this too."""
    told = httpx.get(f"{gallery}/api/v1/status").json()
    for gateway in told["gateways"]:
        gateway.update(more)
    answered(page, told)


def answered(page: Page, told: More) -> None:
    """The daemon's status is this."""
    body = json.dumps(told)
    page.route("**/api/v1/status", lambda route: route.fulfill(body=body, content_type="application/json"))


def test_ninety_days_are_a_calendar_and_a_day_opens(gallery: str, open_page: Open, complaints: Complaints) -> None:
    page = drawn(open_page(f"{gallery}/gateways/tokyo"))
    days = page.locator("button.day")
    expect(days).to_have_count(91)
    expect(page.locator("button.day.none")).to_have_count(1)
    day = page.get_by_role("button", name="Saturday 14 November")
    expect(day).to_have_accessible_name("Saturday 14 November: 98.262 %, 1 unplanned, 25 min; 1 planned, 48 s")
    worst = page.locator("button.day.worst").first
    worst.click()
    expect(worst).to_have_attribute("aria-pressed", "true")
    assert "#2026-" in page.url
    lost = page.locator(".outages li", has_text="unplanned")
    expect(lost).to_have_count(1)
    expect(lost).to_contain_text("25 min")
    page.reload()
    expect(lost).to_have_count(1)
    page.get_by_role("button", name="last 24 hours").click()
    expect(page.locator(".outages li")).not_to_have_count(1)
    assert complaints == []


def test_an_outage_opens_with_its_cause_and_what_was_said(gallery: str, open_page: Open) -> None:
    page = drawn(open_page(f"{gallery}/gateways/tokyo"))
    outage = page.locator("details.outage", has_text="no upstream").first
    outage.locator("summary").click()
    expect(outage).to_contain_text("closed the session without a word")
    expect(outage).to_contain_text("What the gateway said")
    expect(outage).to_contain_text("1100 Connectivity between IBKR and Trader Workstation has been lost. 38 times")
    expect(outage).to_contain_text("CET")
    expect(outage).to_contain_text("22 Nov 2026, 19:45:00 EST")  # at the gateway
    outage.locator("summary").click()
    expect(outage).not_to_contain_text("What the gateway said")


def test_a_click_on_the_line_opens_the_outage_there(gallery: str, open_page: Open) -> None:
    page = drawn(open_page(f"{gallery}/gateways/tokyo"))
    page.get_by_role("group", name="kind of outage").get_by_role("button", name="planned", exact=False).last.click()
    page.locator(".strip.large .o-lost").last.click()
    opened = page.locator("details.outage[open]")
    expect(opened).to_have_count(1)
    expect(opened.locator("summary")).to_contain_text("31 min 40 s")
    expect(opened.locator("summary")).to_be_focused()


def test_outages_are_filtered_by_their_kind(gallery: str, open_page: Open) -> None:
    page = drawn(open_page(f"{gallery}/gateways/tokyo"))
    page.get_by_role("group", name="kind of outage").get_by_role("button", name="unplanned").click()
    kinds = page.locator(".outage .kind").all_inner_texts()
    assert kinds
    assert set(kinds) == {"unplanned"}


def test_events_are_filtered_by_level_kind_and_words(gallery: str, open_page: Open) -> None:
    page = drawn(open_page(f"{gallery}/gateways/tokyo"))
    panel = page.locator(".events-panel")
    shown = panel.locator(".events li:not(.day-mark)")
    expect(panel).to_contain_text("session ready")
    panel.get_by_role("button", name="warnings").click()
    expect(panel).not_to_contain_text("session ready")
    expect(shown.first).to_contain_text("session lost")
    panel.get_by_role("button", name="all").click()
    panel.get_by_label("kind").select_option("restart")
    expect(shown.first).to_contain_text("daily_restart of 2026-11-23")
    panel.get_by_label("words in events").fill("11-20")
    expect(shown).to_have_count(1)


def test_older_events_come_when_asked_for(gallery: str, open_page: Open) -> None:
    page = drawn(open_page(f"{gallery}/gateways/tokyo"))
    marks = page.locator(".events-panel .day-mark")
    expect(marks.first).to_be_visible()
    before = marks.count()
    page.get_by_role("button", name="older events").click()
    expect(marks.nth(before + 5)).to_be_attached()


def test_sessions_restarts_farms_and_windows_are_there(gallery: str, open_page: Open) -> None:
    page = drawn(open_page(f"{gallery}/gateways/frankfurt"))
    for title, words in (
        ("Sessions", "23 h 59 min"),
        ("Restarts", "in time"),
        ("Data farms", "eufarm broken"),
        ("Coming windows", "at the gateway Mon 23:45"),
        ("Now", "America/New York, EST"),
    ):
        section = page.get_by_role("region", name=title, exact=True)
        expect(section).to_contain_text(words)


def test_gate_login_state_recovery_and_canary_are_shown_where_the_daemon_tells_them(
    gallery: str, open_page: Open
) -> None:
    page = open_page("about:blank")
    rich(page, gallery, SEEN)
    page.goto(f"{gallery}/gateways/frankfurt")
    drawn(page)
    gate = page.get_by_role("region", name="Gate for orders")
    expect(gate).to_contain_text("closed")
    expect(gate).to_contain_text("a market data farm is broken: eufarm")
    expect(page.get_by_role("region", name="Now", exact=True)).to_contain_text("second factor")
    recovery = page.get_by_role("region", name="Recovery", exact=True)
    expect(recovery).to_contain_text("waits for approval")
    expect(recovery).to_contain_text("restart the gateway: it may cost a login")
    expect(recovery).to_contain_text(
        "reconnect data5 of 6 left todayno login; an active window explains what is broken"
    )
    expect(page.get_by_role("region", name="Canary", exact=True)).to_contain_text("EUR.USD")
    rich(page, gallery, dict.fromkeys(SEEN))
    page.reload()
    drawn(page)
    for name in ("Gate for orders", "Recovery", "Canary"):
        expect(page.get_by_role("heading", name=name)).to_have_count(0)


def test_a_step_of_recovery_is_approved_from_the_page(gallery: str, open_page: Open) -> None:
    page = open_page("about:blank")
    asked: list[str] = []
    rich(page, gallery, SEEN)

    def hear(route: Route) -> None:
        asked.append(route.request.method)
        route.fulfill(status=204)

    page.route("**/approve", hear)
    page.goto(f"{gallery}/gateways/frankfurt")
    drawn(page)
    page.get_by_role("button", name="Approve restart").click()
    form = page.get_by_role("form", name="Approve restart")
    expect(form).to_contain_text("it may cost a login")
    form.get_by_role("button", name="Approve restart").click()
    expect(page.get_by_role("status")).to_have_text("Approve restart: done")
    assert asked == ["POST"]


def test_an_operator_pauses_and_opens_maintenance_from_the_page(
    staging: tuple[Stage, str], open_page: Open, complaints: Complaints
) -> None:
    stage, address = staging
    stage.heard.clear()
    page = drawn(open_page(f"{address}/gateways/frankfurt"))
    page.get_by_role("button", name="Pause").click()
    form = page.get_by_role("form", name="Pause")
    form.get_by_label("for").select_option("15m")
    form.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("status")).to_have_text("Pause: done")
    page.get_by_role("button", name="Maintenance").click()
    form = page.get_by_role("form", name="Maintenance")
    form.get_by_label("for").select_option("2h")
    form.get_by_label("why").fill("new disks")
    form.get_by_role("button", name="Maintenance").click()
    expect(page.get_by_role("status")).to_have_text("Maintenance: done")
    (first, paused), (second, served_) = stage.heard
    assert (first, second) == ("frankfurt", "frankfurt")
    assert isinstance(paused, PauseAsked)
    assert paused.until is not None
    assert isinstance(served_, MaintenanceAsked)
    assert served_.reason == "new disks"
    assert complaints == []


def test_what_is_refused_is_told_in_the_daemons_words(gallery: str, open_page: Open) -> None:
    page = drawn(open_page(f"{gallery}/gateways/frankfurt"))
    page.route("**/resume", lambda route: route.abort())
    page.route("**/pause", lambda route: route.fulfill(status=403, body="this is only for clients here\n"))
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("form", name="Pause").get_by_role("button", name="Pause").click()
    expect(page.get_by_role("status")).to_have_text("Pause: this is only for clients here")


def test_actions_work_on_the_real_daemon(tmp_path: Path, open_page: Open) -> None:
    with (
        Fleet() as fleet,
        SimulatedGateway(fleet=fleet) as gateway,
        running(tmp_path, gateways(quick(gateway.port, "live"))) as daemon,
    ):
        daemon.wait_up()
        page = open_page(f"{daemon.url}/gateways/live")
        hero = page.locator(".hero .badge")
        expect(hero).to_have_text("up", timeout=15_000)
        page.get_by_role("button", name="Pause").click()
        page.get_by_role("form", name="Pause").get_by_role("button", name="Pause").click()
        expect(hero).to_have_text("stopped", timeout=8_000)
        page.get_by_role("button", name="Resume").click()
        page.get_by_role("form", name="Resume").get_by_role("button", name="Resume").click()
        expect(hero).to_have_text("up", timeout=15_000)
        expect(page.locator(".events-panel")).to_contain_text("resumed", timeout=8_000)


def test_a_gateway_that_left_the_config_is_told(gallery: str, open_page: Open) -> None:
    page = open_page("about:blank")
    answered(page, {**httpx.get(f"{gallery}/api/v1/status").json(), "gateways": []})
    page.goto(f"{gallery}/gateways/tokyo")
    expect(page.locator("main")).to_contain_text("This gateway is not in the config any more.")


@pytest.mark.parametrize(
    ("name", "width", "scheme"),
    mostly_long(
        product(NAMES, (360, 1280, 2560), ("light", "dark")),
        always=[
            *product(("frankfurt",), (360, 2560), ("light", "dark")),  # which has most to show
            ("new-york", 1280, "light"),
            ("chicago", 360, "dark"),
            ("london", 1280, "dark"),
            ("tokyo", 360, "light"),
            ("paper", 2560, "dark"),
        ],
    ),
)
def test_axe_finds_nothing_and_a_picture_is_kept(
    name: str, width: int, scheme: str, gallery: str, axe: str, open_page: Open
) -> None:
    page = open_page(
        "about:blank",
        viewport={"width": width, "height": 1000},
        color_scheme=scheme,
        reduced_motion="reduce",
        bypass_csp=True,
    )
    rich(
        page,
        gallery,
        {"gate": GATE, "login_state": "second_factor", "recovery": RECOVERY} if name == "frankfurt" else {},
    )
    page.goto(f"{gallery}/gateways/{name}")
    drawn(page)
    page.locator("details.outage summary").first.click()
    expect(page.locator("details.outage .more dl")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "nothing is wider than the screen"
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}-{width}-{scheme}.png", full_page=True)
    assert faults(page, axe) == []
