"""The status page in a real browser, in front of the real daemon and of one in every status."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from supervisor.core.model.status import Status
from supervisor.simulator import Fleet, SimulatedGateway
from tests.browser.conftest import SHOTS, Complaints, Open
from tests.browser.gallery import staged
from tests.daemon.running import Running, gateways, quick, running
from tests.observe.stage import served

SIZES = {"phone": (390, 844), "laptop": (1280, 900), "wall": (2560, 1440)}


@pytest.fixture(scope="module")
def gallery() -> Iterator[str]:
    """The address of a page with a gateway in each status."""
    with staged() as stage, served(stage) as server:
        yield f"http://127.0.0.1:{server.port}/"


@pytest.fixture
def gateway() -> Iterator[SimulatedGateway]:
    with Fleet() as fleet, SimulatedGateway(fleet=fleet) as found:
        yield found


@pytest.fixture
def daemon(tmp_path: Path, gateway: SimulatedGateway) -> Iterator[Running]:
    with running(tmp_path, gateways(quick(gateway.port, "live"))) as found:
        found.wait_up()
        yield found


def badge(page: Page) -> Any:
    return page.locator("article .badge")


def drawn(page: Page) -> None:
    page.wait_for_selector(".line .seen")


def test_every_status_is_shown_in_words_and_nothing_is_complained_of(
    gallery: str, open_page: Open, complaints: Complaints
) -> None:
    page = open_page(gallery)
    drawn(page)
    assert set(badge(page).all_inner_texts()) == {status.value.replace("_", " ") for status in Status}
    assert page.title() == "1/6 up · ib-supervisor"
    assert complaints == []


def test_nothing_is_asked_of_anybody_else(gallery: str, open_page: Open) -> None:
    page = open_page("about:blank")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(gallery)
    drawn(page)
    assert asked
    assert {url.split("/")[2] for url in asked} == {gallery.split("/")[2]}


def test_the_page_is_under_100_kb_and_forbids_what_it_does_not_need(gallery: str, open_page: Open) -> None:
    page = open_page("about:blank")
    answer = page.goto(gallery)
    assert answer is not None
    assert len(answer.body()) < 100_000
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_a_fault_shows_within_two_seconds_and_so_does_its_end(
    daemon: Running, gateway: SimulatedGateway, open_page: Open, complaints: Complaints
) -> None:
    page = open_page(daemon.url)
    expect(badge(page)).to_have_text("up", timeout=15_000)
    expect(page.locator("#link")).to_contain_text("live")
    begun = time.monotonic()
    gateway.do("notice", code=1100, text="Connectivity between IBKR and Trader Workstation has been lost.")
    expect(badge(page)).to_have_text("degraded", timeout=2000)
    expect(page.locator(".ladder .off")).to_have_text("upstream broken")
    assert time.monotonic() - begun < 2.5
    gateway.do("notice", code=1102, text="Connectivity has been restored - data maintained.")
    expect(badge(page)).to_have_text("up", timeout=2000)
    expect(page.locator("#list")).to_contain_text("upstream lost (1100)")
    assert complaints == []


def test_a_restart_of_the_daemon_is_survived_and_told(
    tmp_path: Path, gateway: SimulatedGateway, open_page: Open
) -> None:
    with running(tmp_path, gateways(quick(gateway.port, "live"))) as first:
        first.wait_up()
        port = first.port
        page = open_page(first.url)
        expect(badge(page)).to_have_text("up", timeout=15_000)
        first.end()
        expect(page.get_by_role("alert")).to_contain_text("does not answer. Nothing is known since", timeout=15_000)
        expect(page.locator("#summary")).to_have_text("Nothing is known")
    with running(tmp_path, gateways(quick(gateway.port, "live", client_id=912)), port=port) as second:
        second.wait_up()
        expect(page.locator("#alarm")).to_be_hidden(timeout=20_000)
        expect(badge(page)).to_have_text("up", timeout=15_000)
        assert second.ask("/api/v1/gateways/live/pause")[0] == 204
        expect(badge(page)).to_have_text("stopped", timeout=8_000)
        expect(page.locator("#list")).to_contain_text("paused by the operator")


def test_without_scripts_there_is_a_table(gallery: str, open_page: Open) -> None:
    page = open_page(gallery, java_script_enabled=False)
    assert "1/6 up" in page.content()
    expect(page.locator("noscript th[scope=row]")).to_have_count(6)


@pytest.mark.parametrize("locale", ["en-US", "de-DE"])
def test_nothing_is_cut_off_on_the_narrowest_screen(locale: str, gallery: str, open_page: Open) -> None:
    """320 pixels: an old phone, or a page at 400 %."""
    page = open_page(gallery, viewport={"width": 320, "height": 640}, locale=locale)
    drawn(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    wide = "all => all.filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent)"
    assert page.locator(".past li, .farms dd, .figures div").evaluate_all(wide) == []


def test_a_session_that_is_not_there_has_no_number(gallery: str, open_page: Open) -> None:
    page = open_page(gallery)
    drawn(page)
    for name, words in (("new-york", "no. 1"), ("tokyo", "none"), ("paper", "none")):
        shown = page.locator(f"#card-{name} .figures div", has=page.get_by_text("session", exact=True)).locator("dd")
        expect(shown).to_have_text(words)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_nothing_and_a_picture_is_kept(
    size: str, scheme: str, gallery: str, axe: str, open_page: Open
) -> None:
    width, height = SIZES[size]
    page = open_page(
        gallery,
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        reduced_motion="reduce",
        bypass_csp=True,  # axe is no part of the page
    )
    drawn(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "nothing is wider than the screen"
    bottom = page.evaluate("document.querySelector('footer').getBoundingClientRect().bottom + scrollY")
    assert page.evaluate("document.documentElement.scrollHeight") <= max(height, bottom + 40), "nothing below the end"
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{size}-{scheme}.png", full_page=size != "phone")
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']})")
    serious = [
        f"{fault['id']} ({fault['impact']}): {fault['nodes'][0]['html'][:200]} {fault['nodes'][0]['failureSummary']}"
        for fault in found["violations"]
    ]
    assert serious == []
