"""System calls by name for x86-64 and arm64, and what a jailed CPython may do with each.

Numbers: `asm/unistd_64.h` and `asm-generic/unistd.h` of Linux; None where an architecture has no such call.
"""

import os

ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""`uname -m` -> AUDIT_ARCH (linux/audit.h)."""

_ALLOWED = """
read 0 63|write 1 64|open 2 -|close 3 57|stat 4 -|fstat 5 80|lstat 6 -|poll 7 -|lseek 8 62|mmap 9 222|mprotect 10 226
munmap 11 215|brk 12 214|rt_sigaction 13 134|rt_sigprocmask 14 135|rt_sigreturn 15 139|pread64 17 67|pwrite64 18 68
readv 19 65|writev 20 66|access 21 -|pipe 22 -|select 23 -|sched_yield 24 124|mremap 25 216|msync 26 227|mincore 27 232
madvise 28 233|dup 32 23|dup2 33 -|pause 34 -|nanosleep 35 101|getitimer 36 102|alarm 37 -|setitimer 38 103
getpid 39 172|sendfile 40 71|sendto 44 206|recvfrom 45 207|sendmsg 46 211|recvmsg 47 212|shutdown 48 210
getsockname 51 204|getpeername 52 205|socketpair 53 199|getsockopt 55 209|exit 60 93|wait4 61 260
uname 63 160|fcntl 72 25|fsync 74 82|fdatasync 75 83|ftruncate 77 46|getdents 78 -|getcwd 79 17|chdir 80 49
fchdir 81 50|rename 82 -|mkdir 83 -|rmdir 84 -|unlink 87 -|readlink 89 -|umask 95 166|gettimeofday 96 169
getrlimit 97 163|getrusage 98 165|sysinfo 99 179|times 100 153|getuid 102 174|getgid 104 176|geteuid 107 175
getegid 108 177|getppid 110 173|getpgrp 111 -|getgroups 115 158|getresuid 118 148|getresgid 120 150|getpgid 121 155
getsid 124 156|rt_sigpending 127 136|rt_sigtimedwait 128 137|rt_sigsuspend 130 133|sigaltstack 131 132|statfs 137 43
fstatfs 138 44|getpriority 140 141|sched_getparam 143 121|sched_getscheduler 145 120|sched_get_priority_max 146 125
sched_get_priority_min 147 126|arch_prctl 158 -|gettid 186 178|time 201 -|futex 202 98
sched_getaffinity 204 123|epoll_create 213 -|getdents64 217 61|set_tid_address 218 96|restart_syscall 219 128
clock_gettime 228 113|clock_getres 229 114|clock_nanosleep 230 115|exit_group 231 94|epoll_wait 232 -|epoll_ctl 233 21
waitid 247 95|openat 257 56|mkdirat 258 34|newfstatat 262 79|unlinkat 263 35|renameat 264 38|readlinkat 267 78
faccessat 269 48|pselect6 270 72|ppoll 271 73|set_robust_list 273 99|get_robust_list 274 100|epoll_pwait 281 22
timerfd_create 283 85|timerfd_settime 286 86|timerfd_gettime 287 87|signalfd4 289 74|eventfd2 290 19
epoll_create1 291 20|dup3 292 24|pipe2 293 59|preadv 295 69|pwritev 296 70|getcpu 309 168|getrandom 318 278
membarrier 324 283|copy_file_range 326 285|statx 332 291|rseq 334 293|close_range 436 436|faccessat2 439 439
"""

_ALLOWED_TO_THE_ZYGOTE = """
clone 56 220|kill 62 129|prctl 157 167|seccomp 317 277|landlock_restrict_self 446 446|pidfd_open 434 434
tgkill 234 131|prlimit64 302 261|ioctl 16 29
"""

# Only a hostile program calls these, so its end says `sandbox_violation`.
_KILLED = """
ptrace 101 117|personality 135 92|pivot_root 155 41|chroot 161 51|mount 165 40|umount2 166 39|swapon 167 224
reboot 169 142|sethostname 170 161|init_module 175 105|clock_settime 227 112|kexec_load 246 104|add_key 248 217
request_key 249 218|keyctl 250 219|unshare 272 97|perf_event_open 298 241|open_by_handle_at 304 265|setns 308 268
process_vm_readv 310 270|process_vm_writev 311 271|finit_module 313 273|bpf 321 280|userfaultfd 323 282
pidfd_send_signal 424 424|io_uring_setup 425 425|process_madvise 440 440
"""

_OTHERS = """
fork 57 -|vfork 58 -|execve 59 221|capset 126 91|setresuid 117 147|memfd_create 319 279|clone3 435 435|setsid 112 157
setpgid 109 154|landlock_create_ruleset 444 444|landlock_add_rule 445 445|socket 41 198|setrlimit 160 164
setsockopt 54 208|flock 73 32|sched_setaffinity 203 122
"""


def _table(text: str, column: int) -> dict[str, int]:
    rows = (row.split() for row in text.replace("\n", "|").split("|") if row)
    return {row[0]: int(row[column]) for row in rows if row[column] != "-"}


def machine() -> str:
    """`x86_64` or `aarch64`.

    Raises:
        OSError: the machine is another one.
    """
    name = os.uname().machine
    if name not in ARCHITECTURES:
        raise OSError(f"The sandbox knows the system calls of {', '.join(ARCHITECTURES)}, not of {name}.")
    return name


class Syscalls:
    """The numbers of one architecture."""

    def __init__(self, machine: str) -> None:
        column = 1 + list(ARCHITECTURES).index(machine)
        self.audit_arch = ARCHITECTURES[machine]
        self.allowed = _table(_ALLOWED, column)
        self.zygotes = _table(_ALLOWED_TO_THE_ZYGOTE, column)
        self.killed = _table(_KILLED, column)
        self.number = self.allowed | self.zygotes | self.killed | _table(_OTHERS, column)
