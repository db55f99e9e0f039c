"""The pages without a mouse and without eyes: the keyboard alone is enough, and the tree says what the page shows."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open, drawn
from tests.browser.gallery import staged
from tests.observe.stage import Stage, served


@pytest.fixture(scope="module")
def staging() -> Iterator[tuple[Stage, str]]:
    with staged(60) as stage, served(stage) as server:
        yield stage, f"http://127.0.0.1:{server.port}"


@pytest.fixture
def fleet(staging: tuple[Stage, str]) -> str:
    return staging[1]


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def focused(page: Page) -> str:
    name: str = page.evaluate(
        "document.activeElement.innerText || document.activeElement.getAttribute('aria-label') || ''"
    )
    return name.strip()


def tab_to(page: Page, words: str, most: int = 200) -> None:
    """Tab until what has the focus says this."""
    for _ in range(most):
        press(page, "Tab")
        if words in focused(page):
            return
    raise AssertionError(f"the keyboard never comes to {words!r}")


def test_a_slash_searches_and_enter_opens_the_only_gateway_that_fits(fleet: str, open_page: Open) -> None:
    page = drawn(open_page(fleet))
    press(page, "/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("gw-4/")
    expect(page.get_by_role("searchbox")).to_have_value("gw-4/")
    press(page, "Escape")
    expect(page.locator(".tile")).to_have_count(50)
    press(page, "/")
    page.keyboard.type("gw-47")
    expect(page.locator(".tile")).to_have_count(1)
    press(page, "Enter")
    page.wait_for_url("**/gateways/gw-47")


def test_enter_among_several_goes_to_the_first_of_them(fleet: str, open_page: Open) -> None:
    page = drawn(open_page(fleet))
    press(page, "/")
    page.keyboard.type("eufarm")
    press(page, "Enter")
    assert focused(page) == "frankfurt"
    press(page, "Enter")
    page.wait_for_url("**/gateways/frankfurt")


def test_on_the_page_of_a_gateway_a_slash_goes_to_another(fleet: str, open_page: Open) -> None:
    page = drawn(open_page(f"{fleet}/gateways/tokyo"))
    press(page, "/")
    page.keyboard.type("gw-12")
    press(page, "Enter")
    page.wait_for_url("**/gateways/gw-12")


def test_the_first_tab_offers_to_skip_the_bar(fleet: str, open_page: Open) -> None:
    page = drawn(open_page(fleet))
    press(page, "Tab")
    assert focused(page) == "to the gateways"
    press(page, "Enter", "Tab")
    assert focused(page) == "london"


def test_a_chip_is_pressed_by_the_space_bar(fleet: str, open_page: Open) -> None:
    page = drawn(open_page(fleet))
    tab_to(page, "degraded")
    press(page, " ")
    expect(page.locator("article")).to_have_count(3)
    expect(page.get_by_role("button", name="degraded")).to_be_focused()
    assert page.get_by_role("button", name="degraded").get_attribute("aria-pressed") == "true"


def test_what_has_the_focus_keeps_it_while_the_page_is_drawn_anew(fleet: str, open_page: Open) -> None:
    page = drawn(open_page(fleet))
    tab_to(page, "gw-01")
    with page.expect_response("**/api/v1/status"):
        pass
    with page.expect_response("**/api/v1/status"):
        pass
    assert "gw-01" in focused(page)


def test_arrows_move_in_the_calendar_and_enter_opens_a_day(fleet: str, open_page: Open) -> None:
    page = drawn(open_page(f"{fleet}/gateways/tokyo"))
    expect(page.locator("button.day").first).to_be_visible()
    expect(page.locator('button.day[tabindex="0"]')).to_have_count(1)
    tab_to(page, "2")
    expect(page.locator("button.day:focus")).to_have_attribute("data-n", "90")
    press(page, "ArrowLeft", "ArrowUp")
    expect(page.locator("button.day:focus")).to_have_attribute("data-n", "82")
    press(page, "Home", "ArrowDown", "Enter")
    expect(page.locator('button.day[aria-pressed="true"]')).to_have_attribute("data-n", "1")
    press(page, "End")
    expect(page.locator("button.day:focus")).to_have_attribute("data-n", "90")


def test_an_outage_opens_and_an_action_is_asked_for_without_a_mouse(
    staging: tuple[Stage, str], open_page: Open
) -> None:
    stage, address = staging
    stage.heard.clear()
    page = drawn(open_page(f"{address}/gateways/tokyo"))
    tab_to(page, "Maintenance")
    press(page, "Enter")
    expect(page.get_by_role("form", name="Maintenance").get_by_label("for")).to_be_focused()
    press(page, "Escape")
    assert focused(page) == "Maintenance"
    press(page, "Enter")
    expect(page.get_by_role("form", name="Maintenance").get_by_label("for")).to_be_focused()
    press(page, "Tab")
    page.keyboard.type("disks")
    press(page, "Enter")
    expect(page.get_by_role("status")).to_have_text("Maintenance: done")
    assert [name for name, _ in stage.heard] == ["tokyo"]
    tab_to(page, "no heartbeat")  # the list, which scrolls; then its first line
    press(page, "Tab", "Enter")
    expect(page.locator("details.outage[open]")).to_contain_text("every layer up again")


def test_the_tree_of_the_overview_says_what_it_shows(fleet: str, open_page: Open) -> None:
    page = drawn(open_page(f"{fleet}/?q=london"))
    expect(page.locator("body")).to_match_aria_snapshot("""
        - banner:
          - link "ib-supervisor"
          - heading "50 of 60 up" [level=1]
          - group "show only":
            - button "1 reauth required"
            - button "4 down"
          - searchbox
          - combobox
        - main:
          - region "Needs a look 1":
            - heading "Needs a look 1" [level=2]
            - article "london":
              - heading "london" [level=3]:
                - link "london"
              - list "layers, from the bottom":
                - listitem: port broken
                - listitem: handshake not reached
              - 'img /last 24 hours: 97.\\d+ %; 4 unplanned/'
          - region "Recent events":
            - region "list of events":
              - list:
                - listitem:
                  - time: 15:45:00
                  - paragraph:
                    - link "london"
        - contentinfo:
          - navigation "more"
    """)


def test_the_tree_of_a_gateway_says_what_it_shows(fleet: str, open_page: Open) -> None:
    page = drawn(open_page(f"{fleet}/gateways/frankfurt"))
    expect(page.locator("button.day").first).to_be_visible()
    expect(page.locator("body")).to_match_aria_snapshot("""
        - banner:
          - navigation "where":
            - link "all gateways"
        - main:
          - region "frankfurt":
            - heading "frankfurt" [level=1]
            - button "Pause"
            - button "Maintenance"
            - status
          - region "Availability":
            - heading "Availability" [level=2]
            - heading "Last 24 hours" [level=3]
            - button "the day before"
            - 'img /97.\\d+ %; 3 unplanned/'
            - table "availability by day, a column a week; arrow keys move, Enter opens a day":
              - rowgroup:
                - row:
                  - rowheader "Mon"
          - region "Outages":
            - group "kind of outage":
              - button "all 105" [pressed]
            - region "list of outages":
              - list
          - region "Events"
          - region "Now"
          - region "Data farms"
          - region "Coming windows"
          - region "Restarts"
          - region "Sessions":
            - region "list of sessions":
              - table
    """)
