"""The status page in a real browser, in front of the real daemon and of galleries of gateways."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache
from itertools import product
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from supervisor.core.model.status import Status
from supervisor.simulator import Fleet, SimulatedGateway
from tests.browser.conftest import SHOTS, Address, Complaints, Open, cut_off, drawn, faults, mostly_long
from tests.browser.gallery import staged
from tests.daemon.running import Running, gateways, quick, running
from tests.observe.stage import served

SIZES = {"phone": (360, 780), "laptop": (1280, 900), "wall": (2560, 1440)}


@pytest.fixture(scope="module")
def gallery() -> Iterator[str]:
    """The address of a page with a gateway in each status."""
    with staged() as stage, served(stage) as server:
        yield f"http://127.0.0.1:{server.port}/"


@pytest.fixture(scope="module")
def fleet() -> Iterator[str]:
    """The address of a page with 60 gateways."""
    with staged(60) as stage, served(stage) as server:
        yield f"http://127.0.0.1:{server.port}/"


@pytest.fixture
def gateway() -> Iterator[SimulatedGateway]:
    with Fleet() as found, SimulatedGateway(fleet=found) as one:
        yield one


@pytest.fixture
def daemon(tmp_path: Path, gateway: SimulatedGateway) -> Iterator[Running]:
    with running(tmp_path, gateways(quick(gateway.port, "live"))) as found:
        found.wait_up()
        yield found


def badge(page: Page) -> Locator:
    return page.locator("article .badge")


def names(page: Page) -> list[str]:
    """The gateways in the order in which they are shown."""
    return page.locator("article h3 a, .tile b").all_inner_texts()


def test_every_status_is_shown_in_words_and_nothing_is_complained_of(
    gallery: str, open_page: Open, complaints: Complaints
) -> None:
    page = drawn(open_page(gallery))
    said = {*badge(page).all_inner_texts(), *page.locator(".tile .name .hidden").all_inner_texts()}
    assert {word.removesuffix(": ").removesuffix(":") for word in said} == {
        status.replace("_", " ") for status in Status
    }
    assert page.title() == "1/6 up · ib-supervisor"
    assert complaints == []


def test_nothing_is_asked_of_anybody_else(gallery: str, open_page: Open) -> None:
    page = open_page("about:blank")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for path in ("", "gateways/tokyo"):
        page.goto(gallery + path)
        drawn(page)
    assert asked
    assert {url.split("/")[2] for url in asked} == {gallery.split("/")[2]}


def test_the_sick_come_first_then_the_planned_then_the_many_that_work(fleet: str, open_page: Open) -> None:
    page = drawn(open_page(fleet))
    expect(page.get_by_role("heading", level=2)).to_have_text(
        ["Needs a look 8", "Planned or paused 2", "Up 50", "Recent events"]
    )
    assert names(page)[:4] == ["london", "tokyo", "gw-08", "gw-31"]
    assert names(page)[8:11] == ["chicago", "paper", "new-york"]


def test_sixty_gateways_fit_in_three_screens_of_a_laptop_and_all_that_is_sick_in_one_of_a_wall(
    fleet: str, open_page: Open
) -> None:
    laptop = drawn(open_page(fleet, viewport={"width": 1280, "height": 900}))
    assert laptop.evaluate("document.documentElement.scrollHeight") < 2700
    wall = drawn(open_page(fleet, viewport={"width": 2560, "height": 1440}))
    assert wall.evaluate("document.querySelector('#s-up').getBoundingClientRect().top") < 1000
    assert wall.evaluate("document.querySelector('.tiles').getBoundingClientRect().width") > 1900


def test_gateways_that_say_the_same_say_it_once(fleet: str, open_page: Open) -> None:
    page = drawn(open_page(fleet))
    group = page.get_by_role("group", name="4 alike")
    expect(group).to_contain_text("4 gateways say the same. Its address did not answer in time")
    expect(group.locator("article")).to_have_count(4)
    expect(page.get_by_text("did not answer in time")).to_have_count(1)


def test_chips_and_words_filter_and_the_address_keeps_them(fleet: str, open_page: Open) -> None:
    page = drawn(open_page(fleet))
    page.get_by_role("group", name="show only").get_by_role("button", name="down").click()
    assert names(page) == ["tokyo", "gw-08", "gw-31", "gw-54"]
    page.get_by_role("button", name="desk=fx").click()
    assert names(page) == ["gw-31"]
    page.reload()
    drawn(page)
    assert names(page) == ["gw-31"]
    page.get_by_role("button", name="show all").click()
    expect(page.locator(".tile")).to_have_count(50)
    page.get_by_role("searchbox").fill("10.0.2. equities")
    assert set(names(page)) == {"gw-42", "gw-45", "gw-48", "gw-51", "gw-54"}
    page.get_by_role("searchbox").fill("no such thing")
    expect(page.locator(".restricted")).to_contain_text("0 gateways of 60 fit")


def test_host_port_client_id_and_labels_are_shown(fleet: str, open_page: Open) -> None:
    page = drawn(open_page(fleet))
    tile = page.locator(".tile", has_text="gw-01")
    expect(tile).to_contain_text("10.0.0.10:4001")
    expect(tile).to_contain_text("id 911")
    expect(tile).to_contain_text("desk=fx env=test")


def test_a_fault_shows_within_two_seconds_and_so_does_its_end(
    daemon: Running, gateway: SimulatedGateway, open_page: Open, complaints: Complaints
) -> None:
    page = open_page(daemon.url)
    expect(badge(page)).to_have_text("up", timeout=15_000)
    begun = time.monotonic()
    gateway.do("notice", code=1100, text="Connectivity between IBKR and Trader Workstation has been lost.")
    expect(badge(page)).to_have_text("degraded", timeout=2000)
    expect(page.locator(".ladder .off")).to_have_text("upstream broken")
    assert time.monotonic() - begun < 2.5
    gateway.do("notice", code=1102, text="Connectivity has been restored - data maintained.")
    expect(badge(page)).to_have_text("up", timeout=2000)
    expect(page.locator("#events")).to_contain_text("upstream lost (1100)")
    assert complaints == []


def test_a_gateway_named_live_is_not_taken_for_a_sign_that_the_page_is(daemon: Running, open_page: Open) -> None:
    page = open_page(daemon.url)
    expect(page.locator("#link")).to_contain_text("as of ", timeout=15_000)
    expect(page.locator("h1")).to_have_text("1 gateway: up")
    expect(page.locator("header")).not_to_contain_text("live")


def test_of_too_little_time_no_figure_is_given(daemon: Running, open_page: Open) -> None:
    page = open_page(daemon.url)
    expect(page.locator(".big")).to_contain_text("observed", timeout=15_000)
    assert "%" not in page.locator("main").inner_text()


def test_times_are_in_a_zone_that_is_named_and_can_be_chosen(gallery: str, open_page: Open) -> None:
    page = drawn(open_page(gallery, viewport={"width": 1280, "height": 900}))
    expect(page.locator("#link")).to_contain_text("CET")
    page.locator(".zone select").select_option("America/New_York")
    expect(page.locator("#link")).to_contain_text("EST")
    expect(page.locator("#events time").first).to_have_text("09:59:48")
    page.goto(gallery + "gateways/tokyo")
    expect(
        drawn(page).locator("#availability-title ~ *, .over").filter(has_text="times in America/New York").first
    ).to_be_visible()


def test_advice_is_given_once(gallery: str, open_page: Open) -> None:
    page = drawn(open_page(gallery))
    expect(page.locator("#events")).to_contain_text("session lost (closed) after 11 min.")
    expect(page.locator("#events").get_by_text("Nothing listens on 127.0.0.1:4006.")).to_have_count(1)


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
        expect(badge(page)).to_have_text("unknown")
        expect(page.get_by_role("group", name="show only").get_by_role("button")).to_have_text(["1 unknown"])
        expect(page.get_by_text("stopped", exact=True)).to_have_count(0)
        expect(page.locator(".ladder .on, .ladder .off")).to_have_count(0)
        assert page.title() == "no answer · ib-supervisor"
    with running(tmp_path, gateways(quick(gateway.port, "live", client_id=912)), port=port) as second:
        second.wait_up()
        expect(page.locator(".alarm")).to_have_count(0, timeout=20_000)
        expect(badge(page)).to_have_text("up", timeout=15_000)
        assert second.ask("/api/v1/gateways/live/pause")[0] == 204
        expect(badge(page)).to_have_text("stopped", timeout=8_000)
        expect(page.locator("#events")).to_contain_text("paused by loopback")


def test_of_a_silent_daemon_nothing_is_shown_as_so_and_what_was_so_is_told_as_past(
    axe: str, gallery: str, open_page: Open
) -> None:
    page = drawn(open_page(gallery + "?status=down", bypass_csp=True))
    assert names(page) == ["tokyo"]
    page.route("**/api/**", lambda route: route.abort())
    expect(page.get_by_role("alert")).to_contain_text("Nothing is known since", timeout=15_000)
    expect(page.get_by_role("heading", level=2)).to_have_text(["Not known 6", "Recent events"])
    assert badge(page).all_inner_texts() == ["unknown"] * 6
    expect(page.locator("article", has_text="tokyo")).to_contain_text("Before that it was down, since Mon 23 Nov")
    assert faults(page, axe) == []
    page.unroute("**/api/**")
    expect(page.locator(".alarm")).to_have_count(0, timeout=20_000)
    assert names(page) == ["tokyo"]


def test_a_gateway_of_a_silent_daemon_is_unknown_on_its_own_page_too(
    axe: str, gallery: str, open_page: Open, complaints: Complaints
) -> None:
    page = drawn(open_page(gallery + "gateways/tokyo", bypass_csp=True))
    complaints.clear()
    page.route("**/api/**", lambda route: route.abort())
    expect(page.locator(".hero .badge")).to_have_text("unknown", timeout=15_000)
    expect(page.locator(".hero")).to_contain_text("Before that it was down")
    expect(page.locator("#now-title, #farms-title, .actions")).to_have_count(0)
    assert faults(page, axe) == []
    assert [told for told in complaints if "ERR_FAILED" not in told] == []


def test_without_scripts_there_are_tables(gallery: str, open_page: Open) -> None:
    page = open_page(gallery, java_script_enabled=False)
    expect(page.locator("h1")).to_have_text("1 of 6 up")
    expect(page.locator("th[scope=row]")).to_have_count(6)
    page.get_by_role("link", name="tokyo").click()
    expect(page.get_by_role("table", name="availability by day")).to_be_visible()


@pytest.mark.parametrize("locale", ["en-US", "de-DE"])
@pytest.mark.parametrize("path", ["", "gateways/frankfurt"])
def test_nothing_is_cut_off_on_the_narrowest_screen(path: str, locale: str, gallery: str, open_page: Open) -> None:
    """320 pixels: an old phone, or a page at 400 %."""
    page = drawn(open_page(gallery + path, viewport={"width": 320, "height": 640}, locale=locale))
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    wide = "all => all.filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent)"
    assert page.locator(".scroll, .card, .farms dd, .figures div").evaluate_all(wide) == []


@pytest.mark.parametrize(
    ("count", "path"),
    [(1, ""), (1, "gateways/new-york"), (8, ""), (8, "gateways/frankfurt"), (8, "gateways/london")],
)
def test_nothing_is_cut_off_or_leaves_its_place_at_any_width(
    count: int, path: str, open_page: Open, with_gateways: Address
) -> None:
    page = drawn(open_page(with_gateways(count) + path))
    if path:
        page.wait_for_selector("button.day")
    for width in (360, 640, 768, 1024, 1280, 1440, 1760, 1920, 2560):
        page.set_viewport_size({"width": width, "height": 900})
        assert (width, cut_off(page)) == (width, [])


@pytest.mark.parametrize(
    ("count", "size", "scheme"),
    mostly_long(
        product((1, 8, 60, 100), SIZES, ("light", "dark")),
        always=[
            (1, "phone", "dark"),
            (8, "phone", "light"),
            (8, "laptop", "dark"),
            (8, "wall", "light"),
            (60, "wall", "dark"),
        ],
    ),
)
def test_axe_finds_nothing_and_a_picture_is_kept(
    count: int, size: str, scheme: str, axe: str, open_page: Open, with_gateways: Address
) -> None:
    width, height = SIZES[size]
    page = open_page(
        with_gateways(count),
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        reduced_motion="reduce",
        bypass_csp=True,
    )
    drawn(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "nothing is wider than the screen"
    bottom = page.evaluate("document.querySelector('footer').getBoundingClientRect().bottom + scrollY")
    assert page.evaluate("document.documentElement.scrollHeight") <= max(height, bottom + 40), "nothing below the end"
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{count}-{size}-{scheme}.png", full_page=True)
    assert faults(page, axe) == []


@pytest.fixture(scope="module")
def with_gateways() -> Iterator[Address]:
    """The address of a page with so many gateways; staged when first asked for."""
    with ExitStack() as stack:

        @cache
        def address(count: int) -> str:
            server = stack.enter_context(served(stack.enter_context(staged(count))))
            return f"http://127.0.0.1:{server.port}/"

        yield address
