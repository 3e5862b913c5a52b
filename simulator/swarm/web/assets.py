"""The files of our page by name: its style, scripts and icon, and what it shares with the report: colours, charts.

Nothing else of any folder can be asked for, and nothing comes from the network.
"""

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Final

FOLDER: Final = "simulator.swarm.web"
TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
ECHARTS: Final = "echarts.js"
PALETTE: Final = "palette.css"
"""The report's own colours for light and dark, not a copy: the page and its report look alike."""


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is served."""

    data: bytes
    mimetype: str


@lru_cache
def asset(name: str) -> Asset | None:
    """A file of the page; None where it has none of that name."""
    suffix = f".{name.rpartition('.')[2]}"
    if name == ECHARTS:
        return Asset(_shared("echarts.common.min.js"), TYPES[suffix])
    if name == PALETTE:
        return Asset(_shared(PALETTE), TYPES[suffix])
    known = {each.name for each in files(FOLDER).joinpath("assets").iterdir()}
    if suffix not in TYPES or name not in known:
        return None
    return Asset(files(FOLDER).joinpath("assets", name).read_bytes(), TYPES[suffix])


def _shared(name: str) -> bytes:
    return files("reports").joinpath("assets", name).read_bytes()
