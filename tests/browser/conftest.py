"""A real browser: Debian's Chromium, driven by Playwright; skipped, with the reason, where there is none."""

import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
ROOT = Path(__file__).parents[2]
SHOTS = ROOT / "artefacts" / "pages"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
AXE = "4.11.1"
"""The version of axe-core that judges."""

Open = Callable[..., Page]
Address = Callable[[int], str]
"""Of a page with so many gateways."""
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]


def mostly_long(every: Iterable[tuple[Any, ...]], always: Iterable[tuple[Any, ...]]) -> list[Any]:
    """Parameters of which `make test` has only some."""
    some, found = set(always), list(every)
    assert some <= set(found)
    return [pytest.param(*each, marks=() if each in some else pytest.mark.long) for each in found]


def drawn(page: Page) -> Page:
    """Once what happened is drawn too."""
    page.wait_for_selector(".strip .seen")
    return page


CUT = """() => [...document.querySelectorAll("main *, header *")].flatMap(found => {
    const style = getComputedStyle(found), box = found.getBoundingClientRect();
    const meant = found.closest(".hidden, .skip, svg, header .chips, .hours, thead");
    if (meant || style.textOverflow === "ellipsis" || !box.width || found.tagName === "OPTION") return [];
    const clipped = style.overflowX !== "visible" && found.scrollWidth > found.clientWidth + 1;
    const leaves = [...found.childNodes].some(child => {
        if (child.nodeType !== Node.TEXT_NODE || !child.textContent.trim()) return false;
        const range = document.createRange();
        range.selectNodeContents(child);
        return range.getBoundingClientRect().right > box.right + 1;
    });
    const outer = found.parentElement.getBoundingClientRect(), free = style.position !== "static";
    const beyond = !free && style.display !== "inline" && outer.width > 0 && box.right > outer.right + 1;
    const said = `${found.tagName}.${found.className}: ${found.textContent.slice(0, 60)}`;
    return clipped || leaves || beyond ? [said] : [];
})"""


def cut_off(page: Page) -> list[str]:
    """What does not fit where it stands, but for what is cut on purpose and shown whole elsewhere."""
    return page.evaluate(CUT)  # type: ignore[no-any-return]


def faults(page: Page, axe: str) -> list[str]:
    """What axe-core has to say of a page; it is opened with `bypass_csp`, because axe is no part of it."""
    page.evaluate(axe)
    found = page.evaluate(f"axe.run(document, {{runOnly: {RULES}}})")
    return [
        f"{fault['id']} ({fault['impact']}): {fault['nodes'][0]['html'][:200]} {fault['nodes'][0]['failureSummary']}"
        for fault in found["violations"]
    ]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip("there is no Chromium here: apt-get install --no-install-recommends chromium")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        yield found
        found.close()


class Complaints(list[str]):
    """What the browser complained of."""

    def listen(self, page: Page) -> None:
        page.on("console", lambda said: self.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self.append(str(error)))


@pytest.fixture
def complaints() -> Complaints:
    return Complaints()


@pytest.fixture
def open_page(browser: Browser, complaints: Complaints) -> Iterator[Open]:
    """Opens a page; `more` is of the browser's context."""
    contexts: list[BrowserContext] = []

    def opened(url: str, **more: object) -> Page:
        context = browser.new_context(**{"locale": "en-GB", "timezone_id": "Europe/Berlin", **more})  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        complaints.listen(page)
        page.goto(url)
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core, fetched from npm once and kept beside the virtual environments."""
    folder = ROOT / ".venvs" / f"axe-{AXE}"
    source = folder / "package" / "axe.min.js"
    if not source.exists():
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("there is no npm here, and axe-core comes from there")
        folder.mkdir(parents=True, exist_ok=True)
        fetched = subprocess.run(
            [npm, "pack", f"axe-core@{AXE}", "--silent"], cwd=folder, capture_output=True, text=True, timeout=90
        )
        if fetched.returncode:
            pytest.skip(f"axe-core could not be fetched: {fetched.stderr[-200:]}")
        subprocess.run(["tar", "xzf", f"axe-core-{AXE}.tgz"], cwd=folder, check=True)
    return source.read_text("utf-8")
