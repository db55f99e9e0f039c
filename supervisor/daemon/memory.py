"""Memory that a large message took is given back to the system.

A gateway may send a message of up to 16 MB. glibc raises the size from which it maps memory of its own with each such
block that is freed, and keeps the next ones on its heap; a fixed threshold keeps the daemon at its usual size
(measured: 80 MB against 17 MB).
"""

import ctypes
import sys

_M_MMAP_THRESHOLD = -3  # <malloc.h>
_THRESHOLD = 1 << 20


def give_back_large_blocks() -> None:
    """Fix glibc's threshold; does nothing where there is no glibc."""
    if sys.platform != "linux":
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):  # musl has none
        return
    mallopt(_M_MMAP_THRESHOLD, _THRESHOLD)
