"""Holds one thread of a process still, as a debugger does, until its standard input ends: `blocked.py TID`.

The other threads go on. Linux's ptrace works on threads: this seizes the one and interrupts it. When the process dies,
the end of the thread is told to its debugger first, which must take note of it, or the process would never be gone.
"""

import ctypes
import os
import select
import sys

SEIZE, INTERRUPT, ANY_THREAD = 0x4206, 0x4207, 0x40000000

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
thread = int(sys.argv[1])
for request in (SEIZE, INTERRUPT):
    if libc.ptrace(request, thread, None, None) == -1:
        sys.exit(f"ptrace: error {ctypes.get_errno()}")
print("held", flush=True)
gone = False
while not gone and not select.select([sys.stdin], [], [], 0.05)[0]:
    told, status = os.waitpid(thread, os.WNOHANG | ANY_THREAD)
    gone = told == thread and not os.WIFSTOPPED(status)
