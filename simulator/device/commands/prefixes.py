"""Settings by funcId or by a prefix of it: the longest that fits a command decides."""

from collections.abc import Mapping
from typing import TypeVar

_T = TypeVar("_T")


def by_prefix(settings: Mapping[str, _T], func_id: str) -> _T | None:
    """The value under `func_id`, under the longest prefix of it (`cmd.data.update`), else under the empty name."""
    name = func_id
    while settings:
        value = settings.get(name)
        if value is not None or not name:
            return value
        name = name.rpartition(".")[0]
    return None
