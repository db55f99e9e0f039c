"""`python -m tests.docs.generate`: write every generated page."""

from tests.docs.generate.pages import PAGES, path_of, stale, text_of


def main() -> None:
    """Write the pages that are stale, and name them."""
    for name in sorted(stale()):
        text = text_of(name)
        path_of(name).write_text(text, encoding="utf-8")
        print(f"wrote docs/{name}")
    print(f"{len(PAGES)} generated pages are up to date")


if __name__ == "__main__":
    main()
