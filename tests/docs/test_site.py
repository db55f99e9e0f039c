"""The docs site: an index by question that names every page and whom it is for."""

from tests.docs.site import DOCS, audiences, on_page_markdown


class _File:
    def __init__(self, name: str) -> None:
        self.src_uri = name


class _Page:
    def __init__(self, name: str) -> None:
        self.file = _File(name)


def test_every_page_is_in_the_index_with_whom_it_is_for() -> None:
    pages = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")} - {"index.md"}
    assert audiences().keys() == pages, "add a row to docs/index.md: a question, the page, for whom"


def test_a_page_of_the_site_says_whom_it_is_for_below_its_heading() -> None:
    text = on_page_markdown("# Install\n\nText.\n", page=_Page("install.md"))
    assert text.startswith("# Install\n\n*For operators with systemd.*\n\nText.")


def test_a_link_out_of_the_docs_becomes_a_name_and_others_stay() -> None:
    shown = on_page_markdown(
        "See [the file](../deploy/x.yaml), [`config/a.yaml`](../config/a.yaml) and [limits](limits.md#a).",
        page=_Page("unknown.md"),
    )
    assert shown == "See the file (`deploy/x.yaml`), `config/a.yaml` and [limits](limits.md#a)."
    assert on_page_markdown("[codes](../codes.md)", page=_Page("facts/none.md")) == "[codes](../codes.md)"
