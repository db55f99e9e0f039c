"""Why a message was not sent, read from what the library says about it.

- The library answers yes or no, and tells the rest to its log. That log may hold secrets: a token is part of an
  address. So nothing of it is passed on but numbers and words of our own.
- Whether the target may have taken the message all the same: yes, if it was silent or hung up after it had been asked.
"""

import re
from collections.abc import Sequence

from supervisor.observe.notify.transport import Outcome

_STATUS = re.compile(r"\berror[=:]\s*(\d{3})\b|\bstatus(?: code)?\D{0,3}(\d{3})\b", re.IGNORECASE)
_KNOWN = (
    (r"CERTIFICATE_VERIFY_FAILED|certificate verify failed|SSLCertVerification", "its TLS certificate is not valid"),
    (r"SSLError|SSLZeroReturn|WRONG_VERSION_NUMBER|\[SSL", "TLS with it failed"),
    (r"NameResolutionError|gaierror|Name or service not known|Temporary failure in name", "its name is not known"),
    (r"Connection refused|\[Errno 111\]", "it refuses connections"),
    (r"ConnectTimeout|connect timeout|No route to host|unreachable", "it cannot be reached"),
    (r"SMTPAuthenticationError|\b535\b|Authentication", "it refuses the user name or the password"),
    (r"SMTPRecipientsRefused|SMTPSenderRefused", "it refuses the sender or the recipient"),
    (r"TooManyRedirects|Exceeded \d+ redirects", "it redirects without end"),
)
_HUNG = re.compile(
    r"Read timed out|ReadTimeout|timed out|RemoteDisconnected|Connection aborted|reset by peer|Broken pipe"
)
_DOUBTFUL = frozenset({408, 502, 504})
_MEANS = {
    400: "bad request",
    401: "unauthorized",
    403: "forbidden",
    404: "not found",
    410: "gone",
    413: "too large",
    429: "too many requests",
    500: "internal error",
    502: "bad gateway",
    503: "unavailable",
    504: "gateway timeout",
}


def outcome_of(said: Sequence[str]) -> Outcome:
    """What the lines of the library's log mean, of one message that was not sent."""
    text = "\n".join(said)
    for pattern, words in _KNOWN:
        if re.search(pattern, text):
            return Outcome(False, False, words)
    if _HUNG.search(text):
        return Outcome(False, True, "it did not answer in time, or hung up")
    status = _STATUS.search(text)
    if status is not None:
        code = int(status[1] or status[2])
        if 300 <= code < 400:
            return Outcome(False, False, f"it redirects to another address (status {code})")
        meaning = f", {_MEANS[code]}" if code in _MEANS else ""
        return Outcome(False, code in _DOUBTFUL, f"it refuses the message (status {code}{meaning})")
    return Outcome(False, True, "it was not sent, and the library does not say why")
