"""The catalogue of message codes."""

import pytest

from supervisor.core.codes import table as codes
from supervisor.core.codes.farm_kinds import FarmKind, FarmState
from supervisor.core.codes.library import LIBRARY
from supervisor.core.codes.requests import REQUESTS
from supervisor.core.codes.system import SYSTEM
from supervisor.core.codes.table import FARM_CODES, KNOWN, Kind, Scope, Severity

ALWAYS_EXPORTED = (326, 1100, 1101, 1102, 1300, 2103, 2105, 2110, 2157)
"""The codes that have a counter from the first scrape."""

COMPETING_OR_OWN = (10197, 162, 420, 10182, 10189, 10225, 321)
"""The codes that reach a client only for its own requests."""


def test_no_code_is_in_the_catalogue_twice() -> None:
    assert len(KNOWN) == len(SYSTEM) + len(REQUESTS) + len(LIBRARY)


@pytest.mark.parametrize("module", [SYSTEM, REQUESTS, LIBRARY], ids=["system", "requests", "library"])
def test_each_part_of_the_catalogue_is_sorted(module: tuple[codes.Code, ...]) -> None:
    assert list(module) == sorted(module, key=lambda code: code.number)


def test_the_catalogue_is_sorted_and_keyed_by_number() -> None:
    assert list(KNOWN) == sorted(KNOWN)
    assert all(number == code.number for number, code in KNOWN.items())


@pytest.mark.parametrize("code", KNOWN.values(), ids=lambda code: str(code.number))
def test_every_entry_says_everything_in_plain_words(code: codes.Code) -> None:
    assert code.title
    assert not code.title.endswith(".")
    for text in (code.meaning, code.action):
        assert text[0].isupper()
        assert text.endswith((".", ".)"))
        assert "  " not in text
    assert code.source
    assert code.scope is not Scope.UNKNOWN


@pytest.mark.parametrize("number", ALWAYS_EXPORTED + COMPETING_OR_OWN + (0, -1, 100, 200, 2172, 10038))
def test_the_codes_that_matter_are_known(number: int) -> None:
    assert number in KNOWN


def test_the_whole_range_of_the_client_library_is_known_and_local() -> None:
    numbers = set(range(501, 594))
    assert numbers <= set(KNOWN)
    assert all(KNOWN[number].scope is Scope.CLIENT_LIBRARY for number in numbers)
    assert all(KNOWN[number].kind is Kind.LOCAL for number in numbers)


def test_only_the_loss_of_upstream_and_a_refused_client_are_critical() -> None:
    critical = {number for number, code in KNOWN.items() if code.severity is Severity.CRITICAL}
    assert critical == {357, 1100, 2110}


def test_the_farm_codes_are_these_eleven() -> None:
    assert dict(FARM_CODES) == {
        2103: ("market_data", "broken"),
        2104: ("market_data", "ok"),
        2105: ("historical", "broken"),
        2106: ("historical", "ok"),
        2107: ("historical", "inactive"),
        2108: ("market_data", "inactive"),
        2119: ("market_data", "connecting"),
        2120: ("historical", "connecting"),
        2157: ("sec_def", "broken"),
        2158: ("sec_def", "ok"),
        2159: ("sec_def", "inactive"),
    }


@pytest.mark.parametrize("number", FARM_CODES)
def test_a_farm_code_is_a_warning_only_if_the_farm_is_broken(number: int) -> None:
    entry = KNOWN[number]
    broken = FARM_CODES[number][1] is FarmState.BROKEN
    assert entry.severity is (Severity.WARNING if broken else Severity.INFO)
    assert entry.scope is Scope.FARM


def test_every_entry_about_a_farm_is_a_farm_code() -> None:
    assert {number for number, code in KNOWN.items() if code.scope is Scope.FARM} == set(FARM_CODES)


def test_the_words_for_farms_are_public_and_stay() -> None:
    assert list(FarmKind) == ["market_data", "historical", "sec_def"]
    assert list(FarmState) == ["unknown", "ok", "inactive", "connecting", "broken"]


def test_a_known_code_is_looked_up_and_labelled_by_its_number() -> None:
    assert codes.lookup(2105) is KNOWN[2105]
    assert codes.label(2105) == "2105"
    assert codes.label(-1) == "-1"
    assert codes.label(0) == "0"


@pytest.mark.parametrize("number", [2112, 2188, 2199])
def test_an_unknown_21xx_is_an_information(number: int) -> None:
    entry = codes.lookup(number)
    assert (entry.number, entry.kind, entry.severity, entry.scope) == (
        number,
        Kind.NOTICE,
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
    with pytest.raises(TypeError):
        FARM_CODES[1] = FARM_CODES[2103]  # type: ignore[index]
