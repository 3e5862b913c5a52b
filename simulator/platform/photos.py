"""The pictures that devices download for `cmd.data.update.bioPhoto`: one real JPEG, told apart by a comment in it."""

import io
from functools import cache

_SIZE = (480, 640)
_NOISE = 40
_QUALITY = 45
"""With this noise the JPEG has about 71 KB, as a device's face photos have (docs/deviations.md)."""
_START = b"\xff\xd8"
_COMMENT = b"\xff\xfe"


@cache
def _picture() -> bytes:
    # Imported when a photo is first asked for: most platforms serve none.
    from PIL import Image

    channels = [Image.effect_noise(_SIZE, _NOISE) for _ in range(3)]
    image = Image.merge("RGB", channels)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()


def jpeg(name: str) -> bytes:
    """A JPEG that no other name gets; `name` stands in its comment."""
    picture = _picture()
    comment = name.encode()[:1000]
    segment = _COMMENT + (len(comment) + 2).to_bytes(2, "big") + comment
    return picture[: len(_START)] + segment + picture[len(_START) :]
