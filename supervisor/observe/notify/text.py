"""What a message looks like to its reader: short for phones, long for mail, JSON for webhooks.

- Text is masked and cleaned before it comes here.
- A message that is sent again says so in its title.
"""

import json
from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime

from supervisor.core.calendar.rules import utc
from supervisor.core.explain.messages import Message, lasting, summed_up
from supervisor.core.model.pages import Severity
from supervisor.core.model.vocabulary import Stage
from supervisor.core.parts.telling.notify import RANK
from supervisor.frozen import dataclass, replace
from supervisor.observe.masking import Words, fit

AGAIN = "again: "
FORMATS = ("short", "long", "json")
_FOOT = "ib-supervisor"
_NAMES = tuple(field.name for field in fields(Message))


@dataclass(frozen=True, slots=True)
class Text:
    """One message as it is sent."""

    title: str
    body: str


def composed(messages: Sequence[Message], form: str, link: str, *, again: bool) -> Text:
    """One text of one message or of several. `link` is the address of the status page."""
    title, lines = summed_up(messages)
    if again:
        title = f"{AGAIN}{title}"
    if form == "json":
        return Text(title, _as_json(messages, title, link, again=again))
    if form == "short":
        return Text(title, "\n".join((*lines, link)))
    parts = [_paragraph(message) for message in messages]
    foot = f"{link}\n{_FOOT}"
    return Text(title, "\n\n".join((*(lines if len(messages) > 1 else ()), *parts, foot)))


def severity_of(messages: Sequence[Message]) -> Severity:
    """The most urgent one; ends are no more urgent than news."""
    return max((Severity.INFO if m.over else m.severity for m in messages), key=RANK.__getitem__)


def fitted(message: Message, words: Words) -> Message:
    """The same message, its text masked and clean."""
    return replace(
        message,
        title=fit(message.title, words),
        text=fit(message.text, words),
        cure=fit(message.cure, words),
    )


def to_json(message: Message) -> str:
    """One line, to be kept."""
    return json.dumps(_fields(message))


def from_json(text: str) -> Message:
    """What `to_json` was given. Raises ValueError."""
    try:
        said = json.loads(text)
        due = said["due"]
        return Message(
            **{
                **said,
                "stage": Stage(said["stage"]),
                "severity": Severity(said["severity"]),
                "at": _instant(said["at"]),
                "began": _instant(said["began"]),
                "due": None if due is None else _instant(due),
            }
        )
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"not a message: {error}") from None


def _as_json(messages: Sequence[Message], title: str, link: str, *, again: bool) -> str:
    return json.dumps(
        {
            "title": title,
            "severity": severity_of(messages).value,
            "again": again,
            "link": link,
            "messages": [_fields(message) for message in messages],
        }
    )


def _fields(message: Message) -> dict[str, object]:
    return {name: _plain(getattr(message, name)) for name in _NAMES}


def _plain(value: object) -> object:
    return utc(value).isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value


def _instant(text: str) -> datetime:
    return utc(datetime.fromisoformat(text)).replace(tzinfo=UTC)


def _paragraph(message: Message) -> str:
    lines = [message.title, message.text, message.cure]
    if not message.over:
        lines.append(f"Severity: {message.severity}. Alert: {message.alert}.")
    since = f"Since {message.began:%Y-%m-%d %H:%M:%S}Z, {lasting(message.seconds)}."
    return "\n".join(line for line in (*lines, since) if line)
