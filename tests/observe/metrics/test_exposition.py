"""The page that is put together from kept blocks: always the one that would be rendered now, whoever asks how often."""

import shutil
import subprocess
import threading
from collections.abc import Iterable

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from supervisor.core.model.events import Ending
from supervisor.core.model.snapshot import Snapshot
from supervisor.observe.metrics.exposition import GATEWAY_LABELS, Exposition
from supervisor.observe.metrics.family import Format, Renderer
from supervisor.observe.metrics.gateway import GATEWAY
from supervisor.observe.metrics.own import OWN
from tests.observe import rich
from tests.observe.contract import CONTRACT, OPENMETRICS, exposition, played
from tests.observe.played import Played
from tests.observe.stage import INTERNALS


def rendered_whole(snapshots: Iterable[Snapshot], page: Format) -> bytes:
    """The same page without anything kept: each family rendered with all its gateways at once."""
    renderer = Renderer(page)
    subjects = [((snapshot.policy.name,), snapshot) for snapshot in snapshots]
    gateways = [
        renderer.lines(family.metric([(who, family.read(snapshot)) for who, snapshot in subjects], GATEWAY_LABELS))
        for family in GATEWAY
    ]
    own = [renderer.lines(family.metric([((), family.read(INTERNALS))])) for family in OWN]
    return b"".join((*gateways, *own, renderer.tail))


@pytest.mark.parametrize(("accept", "page"), [(None, Format.TEXT), (OPENMETRICS, Format.OPENMETRICS)])
def test_the_page_put_together_is_the_page_rendered_whole(accept: str | None, page: Format) -> None:
    assert exposition(played()).page(accept)[0] == rendered_whole(played(), page)


def test_what_was_kept_never_differs_from_what_is_new() -> None:
    gateway, other = Played(rich.policy()), rich.fresh()
    kept = Exposition(lambda: (gateway.snapshot, other.snapshot), lambda: INTERNALS)

    def check() -> None:
        for accept, page in ((None, Format.TEXT), (OPENMETRICS, Format.OPENMETRICS)):
            assert kept.page(accept)[0] == rendered_whole((gateway.snapshot, other.snapshot), page)

    check()
    gateway.begin()
    check()
    gateway.up()
    check()
    for code, name in ((2104, "usfarm"), (2103, "usfarm"), (2106, "ushmds")):
        gateway.farm(code, name)
        check()
    gateway.wait(3)
    check()
    gateway.lose(Ending.RESET)
    check()
    gateway.until_connecting()
    gateway.up()
    check()


def test_a_gateway_that_leaves_the_config_leaves_the_page_and_may_come_back() -> None:
    live, fresh, paused = played()
    shown: list[Snapshot] = [live, fresh, paused]
    kept = Exposition(lambda: shown, lambda: INTERNALS)
    whole, _ = kept.page(None)
    shown.remove(live)
    without, _ = kept.page(None)
    assert b'gateway="live"' not in without
    assert without == rendered_whole(shown, Format.TEXT)
    shown.insert(0, live)
    assert kept.page(None)[0] == whole


def test_without_a_gateway_there_is_still_a_page() -> None:
    for accept, parse in ((None, parse_text), (OPENMETRICS, parse_openmetrics)):
        page, _ = exposition([]).page(accept)
        assert len(list(parse(page.decode()))) == len(CONTRACT)


def test_openmetrics_ends_once_and_text_never() -> None:
    page, _ = exposition(played()).page(OPENMETRICS)
    assert page.count(b"# EOF") == 1
    assert page.endswith(b"\n# EOF\n")
    assert b"# EOF" not in exposition(played()).page(None)[0]


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (None, "text/plain; version=0.0.4; charset=utf-8"),
        ("", "text/plain; version=0.0.4; charset=utf-8"),
        ("*/*", "text/plain; version=0.0.4; charset=utf-8"),
        ("text/html,application/xhtml+xml", "text/plain; version=0.0.4; charset=utf-8"),
        ("text/plain;version=0.0.4;q=0.5,*/*;q=0.1", "text/plain; version=0.0.4; charset=utf-8"),
        (OPENMETRICS, "application/openmetrics-text; version=1.0.0; charset=utf-8"),
        ("application/openmetrics-text", "application/openmetrics-text; version=1.0.0; charset=utf-8"),
        ("application/openmetrics-text; version=0.0.1", "text/plain; version=0.0.4; charset=utf-8"),
        ("application/openmetrics-text; version=sideways", "text/plain; version=0.0.4; charset=utf-8"),
        (";;=,=;,", "text/plain; version=0.0.4; charset=utf-8"),
    ],
)
def test_the_client_gets_a_format_it_accepts(accept: str | None, content_type: str) -> None:
    page, told = exposition(played()).page(accept)
    assert told == content_type
    parse = parse_openmetrics if "openmetrics" in content_type else parse_text
    assert len(list(parse(page.decode()))) == len(CONTRACT)


def test_scrapes_at_the_same_time_each_get_a_whole_page_of_one_moment() -> None:
    """While gateways change, each page has for each gateway what one of its snapshots says."""
    gateway = Played(rich.policy())
    gateway.begin()
    gateway.up()
    stories = [gateway.snapshot]
    for code in (2103, 2104) * 20:
        gateway.farm(code, "usfarm")
        stories.append(gateway.snapshot)
    allowed = {rendered_whole([snapshot], Format.TEXT) for snapshot in stories}
    turn = iter(stories * 3)
    shown = [stories[0]]
    kept = Exposition(lambda: (shown[0],), lambda: INTERNALS)
    wrong: list[bytes] = []
    done = threading.Event()

    def scrape() -> None:
        while not done.is_set():
            page, _ = kept.page(None)
            if page not in allowed:
                wrong.append(page)

    threads = [threading.Thread(target=scrape) for _ in range(3)]
    for thread in threads:
        thread.start()
    for snapshot in turn:
        shown[0] = snapshot
        kept.page(OPENMETRICS)
    done.set()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_promtool_finds_nothing_to_say() -> None:
    page, _ = exposition(played()).page(None)
    checked = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, check=False, timeout=30)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")
