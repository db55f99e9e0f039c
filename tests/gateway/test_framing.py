"""Bytes to messages, however they are cut."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.core.model.cause import CauseKey
from supervisor.gateway.framing import MAX_FIELDS, MAX_FRAME, Inbox, NotTws, check_payload, clean, framed, server_hello


@given(st.lists(st.binary(max_size=300), max_size=20), st.lists(st.integers(1, 50), min_size=1))
def test_frames_come_out_as_they_went_in_however_cut(payloads: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(framed(payload) for payload in payloads)
    inbox, taken, turn = Inbox(), [], 0
    while stream:
        inbox.feed(stream[: cuts[turn % len(cuts)]])
        stream = stream[cuts[turn % len(cuts)] :]
        turn += 1
        while (payload := inbox.take()) is not None:
            taken.append(payload)
    assert taken == payloads
    assert len(inbox) == 0


@given(st.integers(MAX_FRAME + 1, 2**32 - 1))
def test_a_length_over_the_limit_is_refused_with_its_four_bytes(length: int) -> None:
    inbox = Inbox()
    inbox.limit = MAX_FRAME
    inbox.feed(length.to_bytes(4, "big"))
    with pytest.raises(NotTws, match=f"{length} bytes announced"):
        inbox.take()


def test_the_longest_message_is_taken() -> None:
    inbox = Inbox()
    inbox.limit = MAX_FRAME
    inbox.feed(framed(b"x" * MAX_FRAME)[:-1])
    assert inbox.take() is None
    inbox.feed(b"x")
    payload = inbox.take()
    assert payload is not None
    assert len(payload) == MAX_FRAME


def test_the_server_version_and_the_clock_are_the_two_fields_of_the_handshake() -> None:
    assert hello(b"200\x0020260405 23:49:26 Central European Standard Time\0") == (
        200,
        "20260405 23:49:26 Central European Standard Time",
    )


@pytest.mark.parametrize("payload", [b"", b"157", b"157\0", b"4\x002\x00-1\x00507\0text\0", b"157\0clock\0more"])
def test_frames_of_other_shapes_are_passed_over(payload: bytes) -> None:
    assert hello(payload) is None


@pytest.mark.parametrize("version", [b"abc", b"", b"-1", b"1e3", b"1" * 10, "١٥٧".encode()])
def test_two_fields_without_a_version_are_no_tws(version: bytes) -> None:
    with pytest.raises(NotTws):
        hello(version + b"\0clock\0")


def test_a_clock_of_bad_bytes_is_mended() -> None:
    assert hello(b"157\0\xff\xfe" + b"x" * 500 + b"\0") == (157, "��" + "x" * 98)


def test_a_message_needs_an_id() -> None:
    check_payload(b"9\0", 200)
    check_payload(b"\0\0\0\1", 201)
    with pytest.raises(NotTws):
        check_payload(b"9", 200)
    with pytest.raises(NotTws):
        check_payload(b"\0\0\0", 201)


@given(st.text(st.characters(codec=None, categories=None), max_size=50), st.integers(0, 60))
def test_clean_text_is_short_and_fits_utf_8(text: str, limit: int) -> None:
    cleaned = clean(text, limit)
    assert len(cleaned) <= limit
    cleaned.encode("utf-8")


@pytest.mark.parametrize(("version", "head"), [(176, b"4\0"), (225, b"\0\0\0\x04"), (225, b"\xff\xff\xff\xff")])
def test_a_message_has_at_most_so_many_fields(version: int, head: bytes) -> None:
    check_payload(head + b"x\0" * (MAX_FIELDS - 10), version)
    with pytest.raises(NotTws, match="fields"):
        check_payload(head + b"x\0" * (MAX_FIELDS + 1), version)


def test_zero_bytes_of_protobuf_are_no_fields() -> None:
    check_payload(b"\0\0\0\xcc" + b"\0" * (MAX_FIELDS + 1), 225)


@pytest.mark.parametrize(
    "refuse",
    [
        lambda: hello(b"DU1234567\0x\0"),
        lambda: check_payload(b"U1234567", 100),
        lambda: check_payload(b"U12", 210),
        lambda: check_payload(b"DU1234567\0" * (MAX_FIELDS + 1), 100),
        lambda: fed(b"U123DU1234567"),
    ],
)
def test_no_byte_of_a_message_that_is_refused_is_quoted(refuse: Callable[[], object]) -> None:
    with pytest.raises(NotTws) as refused:
        refuse()
    assert "U12" not in str(refused.value)


@pytest.mark.parametrize(
    ("sent", "name"),
    [(b"HTTP/1.1 400 Bad Request\r\n", "HTTP"), (b"SSH-2.0-OpenSSH_9.6\r\n", "SSH"), (b"\x15\x03\x03\x00\x02", "TLS")],
)
def test_what_else_answers_on_such_a_port_is_named(sent: bytes, name: str) -> None:
    with pytest.raises(NotTws, match=f"this is {name}"):
        fed(sent)


def fed(sent: bytes) -> bytes | None:
    inbox = Inbox()
    inbox.feed(sent)
    return inbox.take()


def hello(payload: bytes) -> tuple[int, str] | None:
    return server_hello(payload, 100, 225)


@pytest.mark.parametrize("version", [0, 20, 38, 76, 99, 226, 500, 999_999_999])
def test_a_server_version_that_was_not_offered_is_named(version: int) -> None:
    with pytest.raises(NotTws, match=f"^server version {version}, while 100 to 225 were offered$") as refused:
        hello(b"%d\x0020150101 12:00:00 EST\0" % version)
    assert refused.value.key is CauseKey.SERVER_VERSION


@pytest.mark.parametrize(("place", "what"), [("192.0.2.7:4001", "192.0.2.7:4001"), ("<b>ha ha</b>", ""), ("", "")])
def test_a_redirect_names_the_address_if_it_is_one(place: str, what: str) -> None:
    with pytest.raises(NotTws, match="redirect") as refused:
        hello(f"-1\0{place}\0".encode())
    assert (refused.value.key, refused.value.what) == (CauseKey.REDIRECT, what)


@pytest.mark.parametrize("sent", [b"76\x0020150101 12:00:00 EST\0", b"9\x0020", b"157\0"])
def test_a_greeting_without_a_length_is_that_of_an_old_tws(sent: bytes) -> None:
    version = sent.split(b"\0")[0].decode()
    with pytest.raises(NotTws) as refused:
        fed(sent)
    assert (refused.value.key, refused.value.what) == (CauseKey.OLD_GREETING, f"server version {version}")


def test_the_id_of_a_message_is_the_same_for_text_and_protobuf() -> None:
    assert check_payload(b"49\x001\0", 200) == 49
    assert check_payload(b"\0\0\0\x31", 201) == 49
    assert check_payload((249).to_bytes(4, "big"), 225) == 49


@pytest.mark.parametrize("number", [b"", b"xyz", b"1.5", b"4" * 5000, b"-"])
def test_an_id_that_is_no_number_is_refused(number: bytes) -> None:
    with pytest.raises(NotTws, match="no number"):
        check_payload(number + b"\x001\0", 200)
