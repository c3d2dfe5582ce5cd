# threat: 68 proc_mem_parent
# does: reads the parent's memory as a file
# structured: finished raised
# judged: finished raised
# stdio: runtime_error
# unjailed: exit_code leaked
import os


def f(x):
    with open(f"/proc/{os.getppid()}/mem", "rb", 0) as memory, open(f"/proc/{os.getppid()}/maps") as maps:
        line = next(line for line in maps if "[stack]" in line)
        start, end = (int(part, 16) for part in line.split()[0].split("-"))
        memory.seek(start)
        found = memory.read(end - start)
        print(found[found.index(b"RFT_SECRET") :][:64], flush=True)
