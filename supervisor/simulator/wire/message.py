"""One message of the gateway, in both layouts, and its frame for a client. Pure.

Rules
- A `Message` knows nothing of clients: the same one goes to each of them, in the layout of the version they negotiated.
- The text layout may depend on the server version; the protobuf one does not.
- From 201 on an id is 4 raw bytes; a protobuf body raises it by 200.
"""

from collections.abc import Callable, Sequence

from supervisor.frozen import dataclass
from supervisor.simulator.wire.frames import Field, frame, raw_id, text_fields
from supervisor.simulator.wire.ids import FIRST_RAW_ID, PROTOBUF_OFFSET, PROTOBUF_SINCE, Answer
from supervisor.simulator.wire.protobuf import Pairs, protobuf

Fields = Sequence[Field]


@dataclass(frozen=True, slots=True)
class Message:
    """A message id with its text fields (or how they follow from the server version) and its protobuf fields."""

    answer: Answer
    text: Fields | Callable[[int], Fields]
    proto: Callable[[], Pairs]
    since: int = 0
    """The first server version that has it; an older client is not told."""

    def fields(self, version: int) -> Fields:
        """The text fields after the id, at a server version."""
        return self.text(version) if callable(self.text) else self.text


def text_frame(version: int, number: int, *fields: Field) -> bytes:
    """A text message with any id, also where protobuf would be usual: clients accept both."""
    if version < FIRST_RAW_ID:
        return frame(text_fields(number, *fields))
    return frame(raw_id(number) + text_fields(*fields))


def encode(message: Message, version: int) -> bytes:
    """The frame of a message for a client of this negotiated server version; empty if that has no such message."""
    if version < message.since:
        return b""
    if version < PROTOBUF_SINCE[message.answer]:
        return text_frame(version, message.answer, *message.fields(version))
    return frame(raw_id(message.answer + PROTOBUF_OFFSET) + protobuf(*message.proto()))
