"""What a host process is started with: how many threads, and which variables.

Rules kept here: a host gets nothing of the desk's environment but what the system needs to load
libraries, so nothing a person or a program has set there reaches it.
"""

from __future__ import annotations

import os

_KEPT = ("SYSTEMROOT", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES")


def cores() -> int:
    """Processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def child_environment(threads: int = 1) -> dict[str, str]:
    """The whole environment of a child that computes on so many threads."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return kept | {
        "HOME": "/",  # else Python asks, as it starts, for the user: perhaps a name service
        "LC_ALL": "C.UTF-8",
        "OPENBLAS_NUM_THREADS": "1",  # the sandbox is entered with one thread running
        "TOKENIZERS_PARALLELISM": "false",
        "TVM_NUM_THREADS": str(threads),
        "TVM_BIND_THREADS": "0",  # pinned threads would fight other programs for one core
        # Rounds a kernel thread spins before it sleeps: enough to bridge the gap between two
        # kernels (a question takes 2.2 ms, 2.8 without), too few to starve the window.
        "TVM_THREAD_POOL_SPIN_COUNT": "5000",
    }
