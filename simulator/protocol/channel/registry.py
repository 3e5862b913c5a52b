"""Finding a channel suite by name: the project's own and those a site registered as entry points.

An entry point of the group `simulator.channel_suites` names a `ChannelSuite` class that is made without arguments. The
project's own suites need no installation, and no entry point takes their names from them. A site's suite is imported
when it is asked for, so that a broken one disturbs nobody else.
"""

import inspect
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from simulator.closest import closest
from simulator.protocol.channel.base import ChannelSuite, DeviceChannel, KeySource, PlatformChannel
from simulator.protocol.channel.configurable import ConfigurableSuite
from simulator.protocol.channel.context import (
    UNKNOWN_DEVICE,
    UNKNOWN_PLATFORM,
    DeviceContext,
    PlatformContext,
    SuiteOptions,
)
from simulator.protocol.channel.exchange_only import ExchangeOnlySuite
from simulator.protocol.channel.options import ChannelOptions
from simulator.protocol.channel.plain import PlainSuite
from simulator.protocol.channel.rsa_aes import RsaAesSuite
from simulator.texts.translation import _, listed

GROUP: Final = "simulator.channel_suites"
CONFIGURABLE: Final = ConfigurableSuite.name
DEFAULT_SUITE: Final = RsaAesSuite.name
PLAIN: Final = PlainSuite.name

_BUILT_IN: Final[dict[str, ChannelSuite]] = {
    suite.name: suite for suite in (PlainSuite(), ExchangeOnlySuite(), RsaAesSuite(), ConfigurableSuite())
}


class UnknownSuite(LookupError):  # noqa: N818 - reads as what it is
    """No suite has this name; the text lists those that there are, and `suggestion` the nearest one, if any."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        self.name = name
        self.known = known
        self.suggestion = closest(name, known)
        hint = _("; did you mean {suggestion}?", suggestion=self.suggestion) if self.suggestion else ""
        super().__init__(
            _("no channel suite {name!r}; there are {known}{hint}", name=name, known=listed(known), hint=hint)
        )


class BrokenSuite(RuntimeError):  # noqa: N818 - reads as what it is
    """A registered suite cannot be used; the text names its entry point and says why."""


Options = ChannelOptions | SuiteOptions
"""Of the suite `configurable`, or what a scenario says in `channel.options` to a suite that a site registered."""
NO_OPTIONS: Final[SuiteOptions] = {}


def _without_context(suite: ChannelSuite) -> ChannelSuite:
    """A suite that was written before suites were handed a context, and is asked without one."""

    class Adapted(ChannelSuite):
        name = suite.name

        def device_side(self, keys: KeySource, context: DeviceContext = UNKNOWN_DEVICE) -> DeviceChannel:
            return suite.device_side(keys)

        def platform_side(self, keys: KeySource, context: PlatformContext = UNKNOWN_PLATFORM) -> PlatformChannel:
            return suite.platform_side(keys)

        def with_options(self, options: SuiteOptions) -> ChannelSuite:
            return _without_context(suite.with_options(options))

    return Adapted()


def channel_suite(name: str, options: Options = NO_OPTIONS) -> ChannelSuite:
    """The suite of that name, as `options` want it.

    Raises:
        UnknownSuite: If there is none.
        BrokenSuite: If its entry point fails to import, is no suite, two different ones have the name, or it does not
            take the options.
    """
    suite = _found(name)
    if isinstance(options, ChannelOptions):
        # A scenario has them whatever suite the command line names instead of its own.
        return suite.configured(options) if isinstance(suite, ConfigurableSuite) else suite
    if not options:
        return suite
    try:
        return suite.with_options(options)
    except Exception as error:
        raise BrokenSuite(_("channel suite {name!r}: channel.options: {error}", name=name, error=error)) from error


def _found(name: str) -> ChannelSuite:
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
    return suite if _takes_context(suite) else _without_context(suite)


def _takes_context(suite: ChannelSuite) -> bool:
    for side in (suite.device_side, suite.platform_side):
        try:
            inspect.signature(side).bind(None, None)
        except TypeError:
            return False
    return True
