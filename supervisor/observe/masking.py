r"""Text from outside, made fit to be kept and shown: account numbers masked, one line, nothing a terminal obeys.

Rules

- One order for every medium: the raw text is masked, then it is made one clean line, then the medium escapes it as it
  must (JSON, HTML, SQL). A text that was escaped first hides what stands in it: `\nDU1234567` is no account number any
  more to whoever looks for one.
- What stands before or after a number does not matter, for an escape, a length byte or a word may stand there. Rather
  mask a name that looks like an account than show an account.
- The core tells raw text. Log, events, journal and the web side pass it through `fit`; the wire log, which shows bytes,
  through `mask` and `escaped`.

An account number of IBKR is U, F or I and five digits or more; on paper a D stands in front, and up to two more
capitals may follow the letter (docs/facts/ib.md#accounts-and-ports). A sub-account has letters after the digits.
"""

import re
from collections.abc import Callable

Words = Callable[[str], str]
"""What is made of raw text that may name an account: `mask`, or with `show_accounts: true` nothing."""

_ACCOUNT = re.compile(r"([UFI]|D[UFI][A-Z]{0,2})[0-9]{3,}([0-9]{2})")
_WHOLE = re.compile(rf"{_ACCOUNT.pattern}[A-Z]{{0,4}}")


def mask(text: str) -> str:
    """The same text; of every account number in it only the letters and the last two digits are left."""
    return _ACCOUNT.sub(r"\1***\2", text)


def mask_whole(account: str) -> str:
    """What is known to be an account, whatever its form: never readable."""
    if _WHOLE.fullmatch(account):
        return mask(account)
    return f"{account[:1]}***{account[-2:]}" if len(account) > 3 else "***"


def escaped(text: str) -> str:
    """The same text, with an escape for each sign that cannot be printed: controls, bidi overrides, half surrogates."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)


def clean(text: str) -> str:
    """One line: every white space is a blank, what else cannot be printed is escaped. To be called on masked text."""
    if text.isprintable():
        return text
    return escaped("".join(" " if sign.isspace() else sign for sign in text))


def fit(text: str, words: Words = mask) -> str:
    """The one door for raw text: masked, then clean."""
    return clean(words(text))
