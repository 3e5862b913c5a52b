"""The mistakes that one platform makes: which were asked for, and whose turn it is."""

import secrets
from collections.abc import Callable, Iterable

from simulator.platform.wrong.command_modes import COMMAND_MESSAGE_MODES
from simulator.platform.wrong.mode import MQTT, WEBSOCKET, MessageMode, Mode, Occasions, Outgoing, Sending
from simulator.platform.wrong.modes import MODES
from simulator.platform.wrong.reply_modes import REPLY_MODES


class UnseenMistake(Exception):  # noqa: N818 - reads as what it is
    """A mistake was asked for that nobody could see; the text says why, for people."""


class Mistakes:
    """The mistakes of a platform, all its connections together.

    Args:
        names: Names of `modes.MODES`.

    Attributes:
        modes: What was asked for.
        on_left: Told of each serial number whose connection has ended.
    """

    def __init__(self, names: Iterable[str]) -> None:
        asked = set(names)
        self.modes: tuple[Mode, ...] = tuple(mode for name, mode in MODES.items() if name in asked)
        self._names = {mode.name for mode in self.modes}
        self._occasions = Occasions()
        self.on_left: list[Callable[[str], None]] = []
        self._sendings: dict[str, int] = {}
        self._replies = [mode for mode in REPLY_MODES if mode.name in asked]
        self._commands = [mode for mode in COMMAND_MESSAGE_MODES if mode.name in asked]

    def __contains__(self, mode: Mode) -> bool:
        return mode.name in self._names

    def check(self, suite: str, topic_suite: str, *, issues: bool) -> None:
        """
        Args:
            suite: Name of the channel suite.
            topic_suite: Of devices over MQTT.
            issues: Whether the platform issues certificates to its devices.

        Raises:
            UnseenMistake: If one of them cannot be seen.
        """
        for mode in self.modes:
            seen_on = (
                {suite} if mode.over == WEBSOCKET else {topic_suite} if mode.over == MQTT else {suite, topic_suite}
            )
            if mode.suites and not seen_on.intersection(mode.suites):
                raise UnseenMistake(
                    f"the mistake {mode.name} cannot be seen on the channel {suite}, only on {' or '.join(mode.suites)}"
                )
            if mode.issues and not issues:
                raise UnseenMistake(
                    f"the mistake {mode.name} cannot be seen without certificates of devices: "
                    "platform: {tls: {device_certificates: true}}"
                )

    def next_of(self, *modes: Mode) -> Mode | None:
        """Of those asked for the one that is to be made now, in turns; None for none."""
        asked = [mode for mode in modes if mode in self and self._occasions.due(mode)]
        if not asked:
            return None
        mode = min(asked, key=self._occasions.made)
        self._occasions.make(mode)
        return mode

    def reply(self, out: Outgoing) -> list[Sending]:
        """What is sent instead of a right reply."""
        return self._spoiled(self._replies, out)

    def command(self, out: Outgoing) -> list[Sending]:
        """What is sent instead of a right command."""
        return self._spoiled(self._commands, out)

    def number(self) -> str:
        """A number that was not given out before, also not by an earlier platform."""
        return secrets.token_hex(8)

    def cmd_id_of_sending(self, cmd_id: str, apart: int) -> str:
        """The cmdId under which a command is sent: its own the first time, then another each time."""
        count = self._sendings[cmd_id] = self._sendings.get(cmd_id, -1) + 1
        return str(int(cmd_id) + count * apart)

    def _spoiled(self, modes: list[MessageMode], out: Outgoing) -> list[Sending]:
        for mode in self._occasions.choose(mode for mode in modes if mode.applies(out.func_id)):
            sendings = mode.change(out)
            if sendings is not None:
                return sendings
        return [(0.0, out.message)]
