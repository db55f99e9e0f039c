"""The catalogue of message codes."""

import pytest

from supervisor.core.codes import table as codes
from supervisor.core.codes.farm_kinds import FarmKind, FarmState
from supervisor.core.codes.notices import (
    CompetingSession,
    FarmNotice,
    Plain,
    UpstreamLost,
)
from supervisor.core.codes.parsers import plain
from supervisor.core.codes.table import CATALOGUE, KNOWN, CodeKind, Scope, Severity
from tests.core.codes.notice_samples import FARM_CODES

COUNTED = (326, 1100, 1101, 1102, 1300, 2103, 2105, 2110, 2157)
"""The codes that have a counter from the first scrape: those that alerts ask for."""

COMPETING_OR_OWN = (10197, 162, 420, 10182, 10189, 10225, 321)
"""The codes that reach a client only for its own requests."""

NOT_VERBS = {"A", "An", "For", "If", "In", "It", "No", "On", "That", "The", "There", "This", "When", "While", "You"}


def test_no_code_is_in_the_catalogue_twice() -> None:
    assert len(KNOWN) == sum(len(section.codes) for section in CATALOGUE.sections)


@pytest.mark.parametrize("section", CATALOGUE.sections, ids=lambda section: section.title)
def test_each_section_of_the_catalogue_is_sorted(section: codes.Section) -> None:
    assert list(section.codes) == sorted(section.codes, key=lambda code: code.number)


def test_the_catalogue_is_sorted_and_keyed_by_number() -> None:
    assert list(KNOWN) == sorted(KNOWN)
    assert all(number == code.number for number, code in KNOWN.items())


@pytest.mark.parametrize("code", KNOWN.values(), ids=lambda code: str(code.number))
def test_every_entry_says_everything_in_plain_words(code: codes.Code) -> None:
    assert code.title
    assert not code.title.endswith(".")
    for text in filter(None, (code.meaning, code.action, code.cure)):
        assert text[0].isupper()
        assert text.endswith((".", ".)"))
        assert "  " not in text
    assert code.source
    assert code.scope is not Scope.UNKNOWN


@pytest.mark.parametrize("code", KNOWN.values(), ids=lambda code: str(code.number))
def test_a_cure_begins_with_a_verb(code: codes.Code) -> None:
    assert not code.cure or code.cure.split()[0] not in NOT_VERBS


def test_what_is_critical_has_a_cure() -> None:
    assert all(code.cure for code in KNOWN.values() if code.severity is Severity.CRITICAL)


@pytest.mark.parametrize("number", COUNTED + COMPETING_OR_OWN + (0, -1, 100, 200, 2172, 10038))
def test_the_codes_that_matter_are_known(number: int) -> None:
    assert number in KNOWN


def test_the_whole_range_of_the_client_library_is_known_and_local() -> None:
    numbers = set(range(501, 594))
    assert numbers <= set(KNOWN)
    assert all(KNOWN[number].scope is Scope.CLIENT_LIBRARY for number in numbers)
    assert all(KNOWN[number].kind is CodeKind.LOCAL for number in numbers)


def test_only_the_loss_of_upstream_and_a_refused_client_are_critical() -> None:
    critical = {number for number, code in KNOWN.items() if code.severity is Severity.CRITICAL}
    assert critical == {357, 1100, 2110}


def farm_codes() -> dict[int, FarmNotice]:
    read = {number: codes.read(number, "") for number in KNOWN}
    return {number: notice for number, notice in read.items() if isinstance(notice, FarmNotice)}


@pytest.mark.parametrize("number", FARM_CODES)
def test_a_farm_code_that_was_seen_in_public_says_this_of_its_farm(number: int) -> None:
    assert farm_codes()[number] == FarmNotice(*FARM_CODES[number], None)


def test_a_farm_code_is_a_warning_only_if_the_farm_is_broken() -> None:
    for number, notice in farm_codes().items():
        expected = Severity.WARNING if notice.state is FarmState.BROKEN else Severity.INFO
        assert KNOWN[number].severity is expected, number


def test_every_entry_about_a_farm_is_a_farm_code() -> None:
    assert {number for number, code in KNOWN.items() if code.scope is Scope.FARM} == set(farm_codes())


@pytest.mark.parametrize("text", ["from a different IP address", "max rate", "Read-Only", ""])
def test_a_notice_that_carries_its_code_carries_that_of_its_entry(text: str) -> None:
    for number in KNOWN:
        match codes.read(number, text):
            case UpstreamLost(code=code) | CompetingSession(code=code):
                assert code == number


def test_these_codes_have_consequences() -> None:
    texts = ("from a different IP address", "max rate", "Read-Only")
    effective = {number for number in KNOWN if any(not isinstance(codes.read(number, text), Plain) for text in texts)}
    assert effective >= {0, 100, 162, 321, 326, 420, 1100, 1101, 1102, 1300, 2110, 2172, 10189, 10197, *FARM_CODES}


def test_an_entry_without_a_parser_has_none() -> None:
    assert all(isinstance(codes.read(number, "x"), Plain) for number, code in KNOWN.items() if code.reads is plain)


def test_the_codes_that_alerts_ask_for_are_counted_from_the_start() -> None:
    assert set(codes.COUNTED_FROM_START) >= set(COUNTED)


def test_the_words_for_farms_are_public_and_stay() -> None:
    assert list(FarmKind) == ["market_data", "historical", "sec_def"]
    assert list(FarmState) == ["unknown", "ok", "inactive", "connecting", "broken"]


def test_a_known_code_is_looked_up_and_labelled_by_its_number() -> None:
    assert codes.lookup(2105) is KNOWN[2105]
    assert codes.label(2105) == "2105"
    assert codes.label(-1) == "-1"
    assert codes.label(0) == "0"


@pytest.mark.parametrize("number", [2112, 2189, 2199])
def test_an_unknown_21xx_is_an_information(number: int) -> None:
    entry = codes.lookup(number)
    assert (entry.number, entry.kind, entry.severity, entry.scope) == (
        number,
        CodeKind.NOTICE,
        Severity.INFO,
        Scope.UNKNOWN,
    )
    assert codes.label(number) == "other"


@pytest.mark.parametrize("number", [-2, 7, 999, 1103, 1112, 2099, 2200, 2**31, -(2**63)])
def test_any_other_unknown_code_is_a_warning_counted_as_other(number: int) -> None:
    entry = codes.lookup(number)
    assert (entry.number, entry.severity, entry.scope) == (number, Severity.WARNING, Scope.UNKNOWN)
    assert codes.label(number) == "other"


def test_the_catalogue_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        KNOWN[1] = KNOWN[1100]  # type: ignore[index]
