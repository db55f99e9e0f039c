"""What of a session's messages concerns money: orders, executions, commissions, positions, account values.

If `ibapi` cannot decode one of these, the program knows less than it believes. Streams of prices are another matter.
"""

MONEY = frozenset({3, 5, 6, 7, 8, 11, 53, 54, 55, 59, 61, 62, 63, 64, 71, 72, 73, 74, 94, 95, 100, 101, 102})
"""Message ids: orderStatus, openOrder, account and portfolio values and their times, execDetails, openOrderEnd,
accountDownloadEnd, execDetailsEnd, commissions, positions, account summaries, the multi-model ones of both, profit and
loss, completed orders, orderBound. They never change.
"""
DEAD_STREAMS = frozenset({10182, 10225})
"""Codes after which a stream never speaks again unless it is asked for anew."""


def concerns_money(message: int) -> bool:
    """Whether a message that was lost may have been about orders, fills, positions or the account."""
    return message in MONEY
