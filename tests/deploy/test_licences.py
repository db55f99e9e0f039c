"""The list of licences is that of the lock file, and each installed package says the same of itself."""

import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ALLOWED = {
    "MIT",
    "ISC",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "Apache-2.0",
    "MPL-2.0",
    "Apache-2.0 AND BSD-2-Clause",
    "PSF-2.0",
    "IB API Non-Commercial or Commercial",
}
WORDS = {
    "MIT License": "MIT",
    "ISC License (ISCL)": "ISC",
    "ISC License": "ISC",
    "Apache Software License": "Apache-2.0",
    "Other/Proprietary License": "IB API Non-Commercial or Commercial",
}
"""What classifiers and the old free text call them."""
_PINNED = re.compile(r"^([A-Za-z0-9_.-]+)==", re.MULTILINE)
_ROW = re.compile(r"^\| ([a-z0-9][a-z0-9-]+) \| (.+) \|$", re.MULTILINE)


def locked() -> set[str]:
    return set(_PINNED.findall((ROOT / "deploy" / "docker" / "requirements.lock").read_text()))


def listed() -> dict[str, str]:
    found = dict(_ROW.findall((ROOT / "docs" / "licences.md").read_text()))
    del found["package"]
    return found


def said(name: str) -> Iterator[str]:
    """What a package says of its licence, in whichever of the three ways."""
    about = metadata.metadata(name)
    if "License-Expression" in about:
        yield about["License-Expression"]
        return
    free = (about.get_all("License") or [""])[0]
    yield WORDS.get(free, free)
    for classifier in about.get_all("Classifier") or []:
        if classifier.startswith("License :: "):
            word = classifier.rpartition(" :: ")[2]
            yield WORDS.get(word, word)


def test_the_list_is_that_of_the_lock_file() -> None:
    assert set(listed()) == locked()


def test_no_licence_is_on_the_list_that_nobody_has_looked_at() -> None:
    assert set(listed().values()) <= ALLOWED


@pytest.mark.parametrize("name", sorted(locked()))
def test_a_package_says_the_same_of_itself(name: str) -> None:
    try:
        words = set(said(name))
    except metadata.PackageNotFoundError:
        assert name == "colorama", "on Windows only"
        return
    assert listed()[name] in words, words
