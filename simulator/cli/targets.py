"""Where a command's devices go: the command line's URL, the scenario's, or an embedded platform while it is needed."""

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.cli.errors import UsageError

if TYPE_CHECKING:
    from simulator.scenario.scenario import Scenario, TlsFiles


@dataclass(frozen=True, slots=True)
class Target:
    """Where they go, and how."""

    urls: tuple[str, ...]
    """Dispatch URLs."""
    tls: "TlsFiles | None"
    """None for the scenario's."""
    name: str | None
    """Under which logins are kept; None for the first URL."""


def given_url(command: str, host: str) -> str:
    """The dispatch URL of `--host`.

    Raises:
        UsageError: If it is none.
    """
    from simulator.fields.dispatch_url import DispatchUrlError, parse_dispatch_url

    try:
        return parse_dispatch_url(host)
    except DispatchUrlError as error:
        raise UsageError(f"{command}: --host: {error}") from None


@contextlib.contextmanager
def target(
    command: str, scenario: "Scenario", host: str | None, platform: Sequence[str], died: Callable[[str], None]
) -> Iterator[Target]:
    """Where `scenario` goes; an embedded platform lives as long as this.

    Args:
        host: of the command line; it beats the scenario's.
        platform: arguments of `best-fleet platform`, should it be needed.
        died: told if that platform ended by itself meanwhile.

    Raises:
        UsageError: If the URL is none, or the embedded platform does not start.
    """
    if host is not None:
        yield Target((given_url(command, host),), None, None)
        return
    if not scenario.embedded:
        yield Target(scenario.targets, None, None)
        return

    from simulator.endings import ending
    from simulator.fleet.platform_process import EmbeddedPlatform, PlatformStartError

    with tempfile.TemporaryDirectory(prefix="best-fleet-") as directory:
        process = EmbeddedPlatform(platform, Path(directory))
        try:
            address = process.start()
        except PlatformStartError as error:
            raise UsageError(f"{command}: {error.said()}") from None
        try:
            tls = scenario.tls
            if address.ca_file is not None and tls.ca is None:
                tls = replace(tls, ca=Path(address.ca_file))
            yield Target((address.dispatch_url,), tls, "embedded")
            if (code := process.exit_code) is not None:
                died(f"the embedded platform died by itself ({ending(code)}): {process.last_lines()}")
        finally:
            process.stop()
