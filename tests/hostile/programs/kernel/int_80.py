# threat: 84 x32_abi of 32 bits
# does: makes a 32-bit call, whose numbers mean something else
# structured: sandbox_violation
# judged: sandbox_violation
# stdio: sandbox_violation
# unjailed: exit_code reached
import ctypes
import mmap
import os

GETPID = b"\xb8\x14\x00\x00\x00\xcd\x80\xc3"


def f(x):
    code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(GETPID)
    call = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))
    if call() == os.getpid():
        print("REACHED", flush=True)
