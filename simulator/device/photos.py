"""Real JPEG pictures of an exact size in bytes, from a few pictures that are drawn once and shared.

Between two of these the size is made up by a comment segment, which every decoder skips.
"""

import io
import random
from bisect import bisect_right
from functools import cache

from PIL import Image, ImageDraw

_MAX_COMMENT = 65_533
_EDGES = (16, 48, 80, 112, 160, 208, 256, 320, 400, 480, 560, 640)

SMALLEST_PHOTO = 1_000
"""Bytes below which no picture can be made."""


class PhotoStudio:
    """Makes pictures; one serves the whole fleet. What they are made from is drawn once a process."""

    def prepare(self) -> None:
        """Draw the pictures now: it takes a fraction of a second, which no device should have to wait for."""
        assert _filling()
        assert _sizes()

    def jpeg(self, size: int, key: int = 0) -> bytes:
        """A JPEG of exactly `size` bytes. Different `key` values give different bytes.

        Raises:
            ValueError: If `size` is below `SMALLEST_PHOTO`.
        """
        if size < SMALLEST_PHOTO:
            raise ValueError(f"no picture is smaller than {SMALLEST_PHOTO} bytes")
        sizes = _sizes()
        place = bisect_right(sizes, size) - 1
        # A comment segment takes four bytes at least.
        while sizes[place] != size and size - sizes[place] < 4:
            place -= 1
        picture = _pictures()[place]
        missing = size - len(picture)
        if missing == 0:
            return picture
        parts = [picture[:2]]
        position, filling = key % 4_096, _filling()
        while missing:
            length = min(missing - 4, _MAX_COMMENT)
            if 0 < missing - 4 - length < 4:
                length -= 4
            parts.append(b"\xff\xfe" + (length + 2).to_bytes(2, "big"))
            parts.append(filling[position : position + length])
            missing -= length + 4
        parts.append(picture[2:])
        return b"".join(parts)


@cache
def _pictures() -> tuple[bytes, ...]:
    return tuple(sorted((_draw(edge) for edge in _EDGES), key=len))


@cache
def _sizes() -> tuple[int, ...]:
    return tuple(len(picture) for picture in _pictures())


@cache
def _filling() -> bytes:
    return random.Random(1).randbytes(_MAX_COMMENT + 4_096)


def _draw(edge: int) -> bytes:
    """A face-like picture, `edge` pixels wide, grainy as a sensor's."""
    rng = random.Random(edge)
    noise = Image.frombytes("RGB", (edge, edge), rng.randbytes(edge * edge * 3))
    face = Image.new("RGB", (edge, edge), (86, 98, 112))
    draw = ImageDraw.Draw(face)
    draw.ellipse((edge * 0.22, edge * 0.1, edge * 0.78, edge * 0.85), fill=(214, 176, 150))
    draw.ellipse((edge * 0.36, edge * 0.36, edge * 0.44, edge * 0.42), fill=(40, 34, 30))
    draw.ellipse((edge * 0.56, edge * 0.36, edge * 0.64, edge * 0.42), fill=(40, 34, 30))
    draw.arc((edge * 0.38, edge * 0.5, edge * 0.62, edge * 0.7), 20, 160, fill=(120, 60, 60), width=max(1, edge // 40))
    out = io.BytesIO()
    Image.blend(face, noise, 0.18).save(out, "JPEG", quality=82)
    return out.getvalue()
