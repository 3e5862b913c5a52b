"""What the figures were measured on, without anything that names the machine."""

import os
import platform
import resource
from importlib.metadata import version
from pathlib import Path
from typing import Any

LIBRARIES = ("locust", "gevent", "uvloop", "websockets", "websocket-client", "orjson", "cryptography", "hdrhistogram")


def describe_machine() -> dict[str, Any]:
    """Cores, memory, limits and versions."""
    return {
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "open_files_limit": resource.getrlimit(resource.RLIMIT_NOFILE)[1],
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in LIBRARIES},
    }


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
