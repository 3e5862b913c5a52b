"""What firmware of some age can do: the funcIds that it lists in `dev.report`, sends and accepts (section 设备上报)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from simulator.protocol.catalogue import ALWAYS_SUPPORTED, EXTENSION_FUNC_IDS, NEGOTIATED_FUNC_IDS

LEFT_OUT: Final = frozenset({*NEGOTIATED_FUNC_IDS, *EXTENSION_FUNC_IDS}.difference(ALWAYS_SUPPORTED))
"""What a device can be without: all that is negotiated, but for the six that are always supported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Functions:
    """The functions of a group's devices; one object for all of them.

    Attributes:
        listed: `funcIds` of `dev.report`, but for extensions that behaviours add.
        without: funcIds of the document or its extensions that the devices neither list nor send nor accept.
        extra: funcIds that the devices list although they cannot do them.
    """

    listed: tuple[str, ...]
    without: frozenset[str]
    extra: frozenset[str]

    def lacks(self, func_ids: Iterable[str]) -> bool:
        """Whether the devices are without one of `func_ids`."""
        return bool(self.without) and not self.without.isdisjoint(func_ids)


def functions_of(without: Iterable[str], extra: Iterable[str]) -> Functions:
    """The functions of devices that do all of the document but `without`, and list `extra` as well.

    Args:
        without: funcIds, or prefixes of them by whole words (`cmd.data.clear`).
    """
    lacking = frozenset(name for entry in without for name in covered(entry)).difference(ALWAYS_SUPPORTED)
    more = tuple(dict.fromkeys(extra))
    listed = dict.fromkeys((*(name for name in NEGOTIATED_FUNC_IDS if name not in lacking), *more))
    return Functions(listed=tuple(listed), without=lacking, extra=frozenset(more))


def covered(entry: str) -> frozenset[str]:
    """The negotiated funcIds that a funcId or a prefix of funcIds means, the always supported ones included."""
    names = LEFT_OUT.union(ALWAYS_SUPPORTED)
    return frozenset(name for name in names if name == entry or name.startswith(f"{entry}."))


ALL_FUNCTIONS: Final = functions_of((), ())
"""Of a device that can do everything of the document."""
