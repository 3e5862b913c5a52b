"""Bounds that the vendor's manuals give and the protocol document does not."""

from typing import Final

MAX_PHOTO_BYTES: Final = 255 * 1024
"""Of a photo, before it is encoded."""
