"""Give the memory of a large message back to the system.

A gateway may send a message of up to 16 MB. Each time such a block is freed, glibc raises the size above which it maps
blocks separately, so it keeps the next ones on its heap. A fixed threshold keeps the daemon at its usual size
(measured: 17 MB instead of 80 MB).
"""

import ctypes
import sys

_M_MMAP_THRESHOLD = -3  # <malloc.h>
_THRESHOLD = 1 << 20


def give_back_large_blocks() -> None:
    """Fix glibc's threshold. Without glibc, do nothing."""
    if sys.platform != "linux":
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):  # musl has none
        return
    mallopt(_M_MMAP_THRESHOLD, _THRESHOLD)
