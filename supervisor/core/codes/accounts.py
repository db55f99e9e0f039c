"""What an account number looks like in a text.

An account number of IBKR is U, F or I and five digits or more; on paper a D stands in front, and up to two more
capitals may follow the letter (docs/facts/ib.md#accounts-and-ports). A sub-account has letters after the digits.
What stands before and after it does not matter.
"""

import re
from typing import Final

ACCOUNT: Final = re.compile(r"([UFI]|D[UFI][A-Z]{0,2})[0-9]{3,}([0-9]{2})")
"""The groups are its letters and its last two digits, which may be shown."""
