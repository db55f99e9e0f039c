r"""Text from outside, made safe to keep and to show: masked account numbers, one line, no terminal codes.

Rules

- The order is the same everywhere. First the raw text is masked, then it becomes one clean line, then it is escaped for
  its medium (JSON, HTML, SQL). In a text that was escaped first, other characters stand around an account number,
  and the mask could miss it.
- The characters before and after a number do not matter: they may be an escape, a length byte or a word. A name that
  looks like an account is masked too, because that is better than showing an account.
- The core gives raw text. The log, the events, the journal and the web server pass it through `fit`. The wire log shows
  bytes and uses `mask` and `escaped`.
- What an account number looks like is said in supervisor/core/codes/accounts.py.
"""

import re
from collections.abc import Callable

from supervisor.core.codes.accounts import ACCOUNT

Words = Callable[[str], str]
"""What is made of raw text that may name an account: `mask`, or with `show_accounts: true` nothing."""

_WHOLE = re.compile(rf"{ACCOUNT.pattern}[A-Z]{{0,4}}")


def mask(text: str) -> str:
    """The same text, with only the letters and the last two digits of every account number."""
    return ACCOUNT.sub(r"\1***\2", text)


def mask_whole(account: str) -> str:
    """An account in any form, made unreadable. For a text that is known to be an account."""
    if _WHOLE.fullmatch(account):
        return mask(account)
    return f"{account[:1]}***{account[-2:]}" if len(account) > 3 else "***"


def escaped(text: str) -> str:
    """The same text, with an escape for each character that cannot be printed: controls, bidi overrides, surrogates."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)


def clean(text: str) -> str:
    """One line: white space becomes blanks, other unprintable characters are escaped. Call it on masked text."""
    if text.isprintable():
        return text
    return escaped("".join(" " if sign.isspace() else sign for sign in text))


def fit(text: str, words: Words = mask) -> str:
    """Raw text, masked and then cleaned. All raw text goes through here."""
    return clean(words(text))
