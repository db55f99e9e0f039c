"""Account numbers are nowhere readable, whatever stands around them; text from outside is one clean line."""

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from supervisor.observe.logs.wire import LONGEST, WireLogs
from supervisor.observe.masking import clean, mask, mask_whole
from tests.observe.media import media


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("DU1234567", "DU***67"),
        ("U1234567", "U***67"),
        ("U12345678", "U***78"),
        ("F1234567,DF7654321", "F***67,DF***21"),
        ("I12345,DI123456789", "I***45,DI***89"),
        ("DUM123456", "DUM***56"),
        ("account=DU1234567.", "account=DU***67."),
        ("acct_U1234567_x", "acct_U***67_x"),
        ("U1234567C", "U***67C"),
        (r"\nDU1234567", r"\nDU***67"),
        (r"b'\x00DU1234567'", r"b'\x00DU***67'"),
        ("\x09U12345678\x12", "\x09U***78\x12"),
        ("1U12345", "1U***45"),
        ("EU12345", "EU***45"),
    ],
)
def test_of_an_account_number_the_letters_and_two_digits_are_left(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    ["", "usfarm", "code 1100", "127.0.0.1:4001", "USD10000", "U12", "order 1234567", "du1234567", "conID12345678"],
)
def test_other_words_stay_as_they_are(text: str) -> None:
    assert mask(text) == text


def test_what_is_masked_stays_masked() -> None:
    assert mask(mask("DU1234567")) == "DU***67"


@pytest.mark.parametrize(
    ("account", "masked"),
    [
        ("DU1234567", "DU***67"),
        ("U1234567AB", "U***67AB"),
        ("DU1234567 of Jane Doe", "D***oe"),
        ("master", "m***er"),
        ("abc", "***"),
    ],
)
def test_what_is_known_to_be_an_account_is_never_readable(account: str, masked: str) -> None:
    assert mask_whole(account) == masked


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        ("a\nb\r\tc", "a b  c"),
        ("\x1b]0;owned\x07\x1b[2J", r"\x1b]0;owned\x07\x1b[2J"),
        ("\x9b31m\x7f", r"\x9b31m\x7f"),
        ("\u202eevil\u2066\u200f\ufeff", r"\u202eevil\u2066\u200f\ufeff"),
        ("\ud800", r"\ud800"),
        ("请求实时更新失败 é ✓", "请求实时更新失败 é ✓"),
    ],
)
def test_what_a_terminal_would_obey_is_shown_instead(raw: str, line: str) -> None:
    assert clean(raw) == line


ACCOUNTS = st.builds(
    "{}{}{}".format,
    st.sampled_from(["U", "DU", "F", "DF", "I", "DI", "DUM"]),
    st.text("0123456789", min_size=5, max_size=9),
    st.sampled_from(["", "A", "XY"]),
)
AROUND = st.one_of(
    st.text(max_size=8), st.characters(), st.sampled_from(["\n", "\t", "\xa0", "\0", "\x09", "\\n", "x00"])
)


@settings(max_examples=300, deadline=None)
@given(before=AROUND, account=ACCOUNTS, after=AROUND)
@example(before="\n", account="DU1234567", after="")
@example(before="\x09", account="DU1234567", after="\x12")
@example(before="x" * 290, account="DU1234567", after="")
@example(before="\\", account="U12345", after="\\")
def test_no_place_shows_an_account_number_whatever_stands_around_it(before: str, account: str, after: str) -> None:
    digits = "".join(sign for sign in account if sign.isdigit())
    for place, shown in media(f"{before}{account}{after}").items():
        assert account not in shown, place
        if digits not in before + after + "0" * 12:
            assert not any(f"{letter}{digits[:4]}" in shown for letter in "UFIM"), f"{place}: {shown}"


@pytest.mark.parametrize("place", ["console", "prefixed", "events", "journal", "notices", "wire", "command line"])
def test_no_place_sends_a_terminal_what_it_would_obey(place: str) -> None:
    shown = media("\x1b]0;owned\x07\x9b2J\u202e\ud800")[place].rstrip("\n").replace("\n", " ")
    assert shown.isprintable(), shown


def test_half_an_account_number_at_the_cut_of_the_wire_log_is_not_shown(tmp_path: Path) -> None:
    logs = WireLogs(tmp_path)
    for cut in range(1, 9):
        logs.put("live", "<", b"x" * (LONGEST - cut) + b"DU1234567")
    logs.close()
    text = (tmp_path / "live.log").read_text()
    assert len(text.splitlines()) == 8
    assert "DU1" not in text
