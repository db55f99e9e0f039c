"""The same for programs that are written against `ib_async`: `Keeper` keeps an `IB` connected.

It needs the extra `aio`, which is `ib_async` 2.1.0 or newer. Everything runs on the program's own event loop.
"""

from supervisor.host.aio.keeper import Keeper

__all__ = ["Keeper"]
