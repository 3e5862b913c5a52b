"""Finding a channel suite by name: the project's own and those a site registered as entry points.

An entry point of the group `simulator.channel_suites` names a `ChannelSuite` class that is made without arguments. The
project's own suites need no installation, and no entry point takes their names from them. A site's suite is imported
when it is asked for, so that a broken one disturbs nobody else.
"""

from importlib.metadata import EntryPoint, entry_points
from typing import Final

from simulator.closest import closest
from simulator.protocol.channel.base import ChannelSuite
from simulator.protocol.channel.exchange_only import ExchangeOnlySuite
from simulator.protocol.channel.plain import PlainSuite
from simulator.protocol.channel.rsa_aes import RsaAesSuite

GROUP: Final = "simulator.channel_suites"
DEFAULT_SUITE: Final = RsaAesSuite.name

_BUILT_IN: Final[dict[str, ChannelSuite]] = {
    suite.name: suite for suite in (PlainSuite(), ExchangeOnlySuite(), RsaAesSuite())
}


class UnknownSuite(LookupError):  # noqa: N818 - reads as what it is
    """No suite has this name; the text lists those that there are, and `suggestion` the nearest one, if any."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        self.name = name
        self.known = known
        self.suggestion = closest(name, known)
        hint = f"; did you mean {self.suggestion}?" if self.suggestion else ""
        super().__init__(f"no channel suite {name!r}; there are {', '.join(known)}{hint}")


class BrokenSuite(RuntimeError):  # noqa: N818 - reads as what it is
    """A registered suite cannot be used; the text names its entry point and says why."""


def channel_suite(name: str) -> ChannelSuite:
    """The suite of that name.

    Raises:
        UnknownSuite: If there is none.
        BrokenSuite: If its entry point fails to import, is no suite, or two different ones have the name.
    """
    built_in = _BUILT_IN.get(name)
    if built_in is not None:
        return built_in
    found = {point.value: point for point in entry_points(group=GROUP, name=name)}
    if not found:
        raise UnknownSuite(name, available_suites())
    if len(found) > 1:
        raise BrokenSuite(f"channel suite {name!r} is registered more than once: {', '.join(sorted(found))}")
    return _load(next(iter(found.values())))


def available_suites() -> tuple[str, ...]:
    """The names of all suites, the project's own first. Nothing is imported for it."""
    registered = {point.name for point in entry_points(group=GROUP)}
    return (*_BUILT_IN, *sorted(registered - _BUILT_IN.keys()))


def _load(point: EntryPoint) -> ChannelSuite:
    described = f"channel suite {point.name!r} ({point.value})"
    try:
        suite_class = point.load()
        suite = suite_class() if isinstance(suite_class, type) else suite_class
    except Exception as error:
        raise BrokenSuite(f"{described} cannot be loaded: {type(error).__name__}: {error}") from error
    if not isinstance(suite, ChannelSuite):
        raise BrokenSuite(f"{described} is no ChannelSuite")
    return suite
