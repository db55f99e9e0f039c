"""Frames, text fields and hand-written protobuf."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as some

from supervisor.simulator.wire.frames import MAX_FRAME, FrameReader, WireError, frame, split_text, text_fields
from supervisor.simulator.wire.protobuf import protobuf, split_protobuf, varint
from supervisor.simulator.wire.requests import read_hello, read_request


@given(some.lists(some.binary(max_size=50)), some.integers(1, 7))
def test_frames_come_out_whole_however_they_are_cut(payloads: list[bytes], cut: int) -> None:
    stream = b"".join(frame(payload) for payload in payloads)
    reader = FrameReader()
    found = []
    for at in range(0, len(stream), cut):
        reader.feed(stream[at : at + cut])
        found += list(reader.payloads())
    assert found == payloads


def test_a_frame_over_the_limit_is_refused() -> None:
    reader = FrameReader()
    reader.feed((MAX_FRAME + 1).to_bytes(4, "big"))
    with pytest.raises(WireError):
        reader.payload()


@given(some.lists(some.text(some.characters(exclude_characters="\0", exclude_categories=["Cs"]))))
def test_text_fields_come_back(fields: list[str]) -> None:
    assert split_text(text_fields(*fields)) == fields


def test_a_text_can_carry_bytes_that_are_not_utf8() -> None:
    assert text_fields("Verbindung unterbrochen f\udcfcr") == b"Verbindung unterbrochen f\xfcr\0"


@given(some.integers(-(2**63), 2**63 - 1))
def test_integers_come_back_as_varints(number: int) -> None:
    assert split_protobuf(protobuf((3, number))) == {3: [number]}


@pytest.mark.parametrize(("number", "written"), [(0, b"\0"), (127, b"\x7f"), (128, b"\x80\x01"), (300, b"\xac\x02")])
def test_varints_are_written_as_the_format_says(number: int, written: bytes) -> None:
    assert varint(number) == written


def test_minus_one_takes_ten_bytes() -> None:
    assert len(varint(-1)) == 10


def test_an_absent_value_leaves_its_field_out() -> None:
    assert protobuf((1, None), (2, "a")) == b"\x12\x01a"


@given(some.binary(max_size=40))
def test_any_bytes_are_decoded_or_refused(payload: bytes) -> None:
    for version in (176, 225):
        with suppress(WireError):
            request = read_request(version, payload)
            request.integer(1, 1)
            request.contract(2, 2)
    with suppress(WireError):
        read_hello(payload)


@pytest.mark.parametrize(
    "payload",
    [b"\xff", b"\x08", b"\x0a\x05ab", b"\x0b", b"\x08" + b"\xff" * 12],
    ids=["no key", "no value", "too short", "unknown type", "endless varint"],
)
def test_bad_protobuf_is_refused(payload: bytes) -> None:
    with pytest.raises(WireError):
        split_protobuf(payload)


@pytest.mark.parametrize(("hello", "version"), [(b"v100..157", 157), (b"v100..203 +PACEAPI", 203), (b"v176", 176)])
def test_a_hello_tells_the_newest_version(hello: bytes, version: int) -> None:
    assert read_hello(hello) == version


def test_protobuf_and_text_bodies_are_both_understood_from_201_on() -> None:
    as_text = read_request(213, b"\0\0\0G" + text_fields(2, 7, ""))
    as_protobuf = read_request(213, b"\0\0\x01\x0f" + protobuf((1, 7)))
    assert as_text.number == as_protobuf.number == 71
    assert as_text.integer(1, 1) == as_protobuf.integer(1, 1) == 7
