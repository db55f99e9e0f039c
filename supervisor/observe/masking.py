"""Account numbers, made unreadable: `DU1234567` becomes `DU***67`.

The gateway's own words may name an account; the log and the journal are read by more people than the account's owner.
An account number of IBKR is U, F or I and five digits or more; on paper a D stands in front, and up to two more
capitals may follow the letter (docs/facts/ib.md#accounts-and-ports).
"""

import re
from collections.abc import Callable

Words = Callable[[str], str]
"""What is made of text that may name an account: `mask`, or with `show_accounts: true` nothing."""

_ACCOUNT = re.compile(r"(?<![A-Za-z0-9])([UFI]|D[UFI][A-Z]{0,2})\d{3,}(\d{2})(?![0-9])", re.ASCII)


def mask(text: str) -> str:
    """The same text; of every account number in it only the letters and the last two digits are left."""
    return _ACCOUNT.sub(r"\1***\2", text)


def mask_whole(account: str) -> str:
    """What is known to be an account, whatever its form: never readable."""
    masked = mask(account)
    return masked if masked != account else f"{account[:1]}***{account[-2:]}" if len(account) > 3 else "***"
