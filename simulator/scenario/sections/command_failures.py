"""The section about commands that fail by chance, for all commands or by funcId."""

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator

from simulator.closest import closest
from simulator.device.commands.failures import DOWNLOADING, STORING, CommandFailures
from simulator.fields.quantities import DurationRange, Share, within_time
from simulator.fields.section import Section, WrongWord
from simulator.protocol.catalogue import COMMAND_FUNC_IDS
from simulator.texts.translation import _

_PREFIXES = sorted({name.rsplit(".", cut)[0] for name in COMMAND_FUNC_IDS for cut in (0, 1, 2)} - {"cmd"})


class SlowSection(Section):
    """Commands that take longer. A time alone, `slow: 5s..20s`, is for all of them."""

    share: Share = Field(default=1.0, description="Share of commands that are slow.")
    time: Annotated[DurationRange, within_time("0s", "1h")] = Field(description="How much longer they take.")


def _slow(value: Any) -> Any:
    return {"time": value} if isinstance(value, str | int | float) else value


class FailuresSection(Section):
    """Shares of commands that fail though nothing is wrong with them."""

    busy: Share = Field(default=0.0, description="Refused with `E0000005`, as if too many waited.")
    store_full: Share = Field(default=0.0, description="Of those that need room: refused with `E0000007`.")
    download: Share = Field(default=0.0, description="Of those that fetch a picture: refused with `E0000008`.")
    silent: Share = Field(
        default=0.0, description="Carried out and not answered; the same command sent again is answered."
    )
    slow: Annotated[SlowSection, BeforeValidator(_slow)] | None = Field(
        default=None, description="Take longer: a time for all of them, or a `share` and a `time`."
    )

    @model_validator(mode="after")
    def _at_most_all(self) -> "FailuresSection":
        total = self.busy + self.store_full + self.download + self.silent
        if total > 1.0 + 1e-9:
            raise ValueError(_("the shares add up to {total:g}%: a command fails in one way", total=total * 100))
        return self

    def failures(self) -> CommandFailures:
        slow = self.slow
        return CommandFailures(
            busy=self.busy,
            store_full=self.store_full,
            download=self.download,
            silent=self.silent,
            slow=None if slow is None else slow.time,
            slow_share=1.0 if slow is None else slow.share,
        )


def _command(key: str) -> str:
    if key in _PREFIXES:
        return key
    words = [*FailuresSection.model_fields, *_PREFIXES]
    raise WrongWord(_("'{key}' is no way to fail and no cmd.* funcId", key=key), closest(key, words))


class CommandFailuresSection(FailuresSection):
    """Commands that fail by chance. Keys of commands (`cmd.data.update: {busy: 5%}`), by funcId or prefix, say it for
    those; the longest that fits decides alone.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[Annotated[str, AfterValidator(_command)], FailuresSection]

    @model_validator(mode="after")
    def _has_an_effect(self) -> "CommandFailuresSection":
        wrong = []
        for prefix, failures in self.__pydantic_extra__.items():
            meant = {name for name in COMMAND_FUNC_IDS if name == prefix or name.startswith(f"{prefix}.")}
            for key, able, what in (
                ("store_full", STORING, _("need room")),
                ("download", DOWNLOADING, _("fetch anything")),
            ):
                if getattr(failures, key) and not meant & able:
                    wrong.append(
                        _(
                            "{prefix}: `{key}` has no effect on commands that do not {what}",
                            prefix=prefix,
                            key=key,
                            what=what,
                        )
                    )
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def settings(self) -> dict[str, CommandFailures]:
        """By funcId or prefix; those of all others under an empty name."""
        named = {prefix: section.failures() for prefix, section in self.__pydantic_extra__.items()}
        every = self.failures()
        return named if every == CommandFailures() else named | {"": every}
