"""The limit of open files: raised as far as allowed, never lowered, and said so when it is too low."""

from __future__ import annotations

import resource

import pytest

from simulator.wire import files


class Limits:
    """Stands in for the system's limits of this process."""

    def __init__(self, soft: int, hard: int, privileged: bool = False) -> None:
        self.soft, self.hard, self.privileged = soft, hard, privileged

    def getrlimit(self, _which: int) -> tuple[int, int]:
        return self.soft, self.hard

    def setrlimit(self, _which: int, limits: tuple[int, int]) -> None:
        soft, hard = limits
        unlimited = resource.RLIM_INFINITY
        if self.hard != unlimited and (hard == unlimited or hard > self.hard) and not self.privileged:
            raise ValueError("not allowed to raise maximum limit")
        if hard != unlimited and (soft == unlimited or soft > hard):
            raise ValueError("current limit exceeds maximum limit")
        self.soft, self.hard = soft, hard


@pytest.mark.parametrize(
    ("limits", "needed", "soft", "enough"),
    [
        (Limits(1024, 524_288), 10_000, 524_288, True),
        (Limits(1024, 4096), 10_000, 4096, False),
        (Limits(1024, 4096, privileged=True), 10_000, 10_000, True),
        (Limits(1024, resource.RLIM_INFINITY), 10_000, 1 << 20, True),
        (Limits(1024, 1 << 30), 10_000, 1 << 20, True),
        (Limits(1 << 21, 1 << 21), 10_000, 1 << 21, True),
        (Limits(1024, 1 << 30), 3 << 20, 3 << 20, True),
    ],
)
def test_the_limit_is_raised(
    monkeypatch: pytest.MonkeyPatch, limits: Limits, needed: int, soft: int, enough: bool
) -> None:
    monkeypatch.setattr(files.resource, "getrlimit", limits.getrlimit)
    monkeypatch.setattr(files.resource, "setrlimit", limits.setrlimit)
    result = files.raise_open_file_limit(needed)
    assert (result.soft, result.enough) == (soft, enough)
    assert limits.soft == soft
    assert bool(result.advice()) is not enough
    if not enough:
        assert "10000 open files are needed and 4096 allowed" in result.advice()


def test_the_real_limit_is_not_lowered() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        result = files.raise_open_file_limit(64)
        assert result.enough
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == result.soft >= before[0]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (before[0], resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
