"""The `functions` section of a group: firmware that can do less, or says that it can do more, than the document has."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from simulator.device.functions import LEFT_OUT, Functions, covered, functions_of
from simulator.fields.section import Section, known
from simulator.fields.texts import Line
from simulator.protocol.catalogue import ALWAYS_SUPPORTED, DEVICE_FUNC_IDS, LOOKUP, NEGOTIATED_FUNC_IDS
from simulator.texts.translation import _

_PREFIXES = frozenset(name.rsplit(".", cut)[0] for name in LEFT_OUT for cut in (1, 2)) - {"cmd", "dev"}
_IN_NO_LIST = frozenset((LOOKUP, *DEVICE_FUNC_IDS)).difference(NEGOTIATED_FUNC_IDS)
_SIX = ", ".join(ALWAYS_SUPPORTED)


def _left_out(value: Any) -> str:
    name = str(value)
    meant = covered(name)
    six = sorted(meant.intersection(ALWAYS_SUPPORTED))
    if name in ALWAYS_SUPPORTED:
        raise ValueError(_("'{name}' is one of the six that are always supported: {six}", name=name, six=_SIX))
    if six:
        raise ValueError(
            _(
                "'{name}' covers {six}, always supported: name the others by longer prefixes",
                name=name,
                six=", ".join(six),
            )
        )
    if name in _IN_NO_LIST:
        raise ValueError(_("'{name}' is part of no funcIds list: no device can be without it", name=name))
    if meant:
        return name
    return known(name, sorted(LEFT_OUT | _PREFIXES), _("funcId that devices list, nor a prefix of one"))


class FunctionsSection(Section):
    """Firmware of another age. Without the section a device can do everything of the document. What it is without it
    neither lists in `funcIds` nor sends; a command for it is refused with `E0000001`."""

    without: list[Annotated[str, BeforeValidator(_left_out)]] = Field(
        default=[],
        max_length=200,
        description="What the firmware does not have, by funcId or prefix (`cmd.data.clear`, `dev.file.upload`).",
        examples=[["cmd.data.update.multiCard", "dev.data.upload.bioPhoto"]],
    )
    extra: list[Annotated[Line, Field(min_length=1, max_length=64)]] = Field(
        default=[],
        max_length=200,
        description="What it lists although it does not have it, known names or not; commands of these are refused.",
        examples=[["dev.option.upload"]],
    )

    @model_validator(mode="after")
    def _no_contradiction(self) -> "FunctionsSection":
        without = self.functions().without
        for name in self.extra:
            if name in without:
                raise ValueError(_("'{name}' is both in `extra` and left out by `without`", name=name))
            if name in NEGOTIATED_FUNC_IDS:
                raise ValueError(_("`extra`: '{name}' is listed by every device that is not without it", name=name))
        return self

    def functions(self) -> Functions:
        return functions_of(self.without, self.extra)
