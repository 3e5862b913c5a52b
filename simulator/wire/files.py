"""The limit of open files: a connection takes one, and the usual limit is far below a fleet's size."""

import resource
from dataclasses import dataclass

# The kernel's usual ceiling (fs.nr_open) for a process; where more is allowed, some libraries walk through all of it.
_PLENTY = 1 << 20


@dataclass(frozen=True, slots=True)
class OpenFileLimit:
    """The limits in force after an attempt to raise them, and whether they do.

    Attributes:
        soft: How many files this process may have open.
        hard: How far it could raise that itself.
        needed: How many were asked for.
    """

    soft: int
    hard: int
    needed: int

    @property
    def enough(self) -> bool:
        """True when the files asked for can be opened."""
        return self.soft >= self.needed

    def advice(self) -> str:
        """What to do when the limit is too low, for people; empty when it is not."""
        if self.enough:
            return ""
        return (
            f"{self.needed} open files are needed and {self.soft} allowed: raise the hard limit "
            f"(ulimit -Hn {self.needed}, or nofile in limits.conf, or LimitNOFILE of the service)"
        )


def raise_open_file_limit(needed: int) -> OpenFileLimit:
    """Raise the limit of open files as far as the system lets us, to `needed` at least. Never lowers it."""
    soft, hard = (_finite(limit) for limit in resource.getrlimit(resource.RLIMIT_NOFILE))
    wanted = max(soft, needed, min(hard, _PLENTY))
    if wanted > hard:
        # Only a privileged process may; the others get the hard limit below.
        soft, hard = _try(wanted, wanted, (soft, hard))
        wanted = min(wanted, hard)
    if wanted > soft:
        soft, hard = _try(wanted, hard, (soft, hard))
    return OpenFileLimit(soft=soft, hard=hard, needed=needed)


def _try(soft: int, hard: int, before: tuple[int, int]) -> tuple[int, int]:
    _, kernel_hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = kernel_hard == resource.RLIM_INFINITY
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, kernel_hard if unlimited else hard))
    except (ValueError, OSError):
        return before
    return soft, hard


def _finite(limit: int) -> int:
    return (1 << 62) if limit == resource.RLIM_INFINITY else limit
