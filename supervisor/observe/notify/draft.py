"""A message on its way to its targets.

The loop makes one and hands it over. Masking it and putting it into JSON take longer than all else that the loop does
for it, so that is left to the first thread that needs it: a courier's or the journal's.
"""

from functools import cached_property

from supervisor.core.explain.messages import Message
from supervisor.observe.masking import Words
from supervisor.observe.notify.text import fitted, to_json


def as_it_is(text: str) -> str:
    """The words of a message that was masked already."""
    return text


class Draft:
    """One message. `words` masks what it says."""

    def __init__(self, raw: Message, words: Words = as_it_is) -> None:
        self._raw, self._words = raw, words
        self.key, self.at = raw.key, raw.at

    @cached_property
    def message(self) -> Message:
        """As it may be sent."""
        return fitted(self._raw, self._words)

    def json(self) -> str:
        """As it is kept: one line."""
        return self._json

    @cached_property
    def _json(self) -> str:
        return to_json(self.message)
