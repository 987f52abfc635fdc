"""Kills a run at its system calls, by strace's fault injection."""

import collections
import os
import re

SAMPLE = 24  # trials of a normal run, about
# What changes anything, and what waits for another process.
CALLS = ("openat,openat2,write,pwrite64,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,"
         "symlinkat,linkat,fsync,fdatasync,syncfs,fchmod,fchmodat,fchown,ftruncate,copy_file_range,"
         "clone,clone3,wait4,kill,flock")


def tracing(log):
    """Before a program: its main thread's calls are written down."""
    return ("strace", "-o", log, "-e", f"trace={CALLS}")


def killing(call, number):
    """Before a program: it dies at this call, the number-th of its kind."""
    return ("strace", "-o", "/dev/null", "-e", f"trace={call}", "-e",
            f"inject={call}:signal=KILL:when={number}")


def points(log):
    """Each call of what was traced, as the arguments of `killing`; the log goes."""
    counts = collections.Counter()
    with open(log, encoding="utf-8", errors="replace") as file:
        for line in file:
            match = re.match(r"(?:\d+ +)?([a-z_0-9]+)\(", line)
            if match:
                counts[match.group(1)] += 1
    os.unlink(log)
    return [(call, n) for call in sorted(counts) for n in range(1, counts[call] + 1)]


def sample(all_points):
    """Some of each kind, spread over the run; every one where TEST_EVERY_CALL is set."""
    if os.environ.get("TEST_EVERY_CALL"):
        return all_points
    kinds = collections.Counter(call for call, _ in all_points)
    chosen = []
    for call, count in kinds.items():
        share = min(count, max(1, round(SAMPLE / len(kinds))))
        chosen += [(call, (2 * i + 1) * count // (2 * share) + 1) for i in range(share)]
    return chosen


def temporary_names(folder):
    """Names below it that only a change under way uses; the store looks after its own."""
    found = []
    for path, folders, files in os.walk(folder):
        if os.path.basename(path) != "store":
            found += [os.path.join(path, n) for n in folders + files
                      if re.search(r"\.reconcile$|\.tmp$|\.new$|^\.staging", n)]
    return found
