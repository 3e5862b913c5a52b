"""The short way for whole data frames (RFC 6455, section 5.2), for both directions.

Nearly every message of a device is one unfragmented frame that arrives in one piece. Such frames are built and taken
apart here, for about a tenth of the CPU that the general parser takes. Whatever else arrives (a piece of a frame, a
fragment, a control frame, a fault) is no business of this module: it answers None, and `websockets`' sans-I/O parser,
which alone judges what is wrong, gets the bytes.
"""

import os
import struct

try:
    from websockets.speedups import apply_mask
except ImportError:  # an installation without the compiled part
    from websockets.utils import apply_mask

_TEXT = 0x81  # FIN and opcode 1
_BINARY = 0x82  # FIN and opcode 2
_MASKED = 0x80
_LENGTH_16 = 126
_LENGTH_64 = 127

SHORT_TEXT = _TEXT
"""The first byte of a whole text frame; the second is the length of an unmasked one that is `SHORT`er."""
SHORT = _LENGTH_16

_pack_short = struct.Struct("!BB").pack
_pack_medium = struct.Struct("!BBH").pack
_pack_long = struct.Struct("!BBQ").pack

# A mask must come from a strong source and serve once (section 5.3). One system call a frame is dear, so they are
# fetched by the thousand; `pop` on a list is atomic, so threads may share the store.
_MASKS_A_FETCH = 1024
_masks: list[bytes] = []

# Two processes must not go on with the same masks.
os.register_at_fork(after_in_child=_masks.clear)

# The first two bytes of a client's short frames, by their length.
_TEXT_HEADS = [_pack_short(_TEXT, _MASKED | length) for length in range(_LENGTH_16)]
_BINARY_HEADS = [_pack_short(_BINARY, _MASKED | length) for length in range(_LENGTH_16)]

# Payload, whether it is binary, and the offset of the byte after the frame.
WholeFrame = tuple[bytes, bool, int]


def _fresh_mask() -> bytes:
    pool = os.urandom(4 * _MASKS_A_FETCH)
    _masks.extend(pool[at : at + 4] for at in range(4, len(pool), 4))
    return pool[:4]


def masked_frame(payload: bytes, binary: bool) -> bytes:
    """The frame a client sends for a whole message."""
    try:
        mask = _masks.pop()
    except IndexError:
        mask = _fresh_mask()
    length = len(payload)
    if length < _LENGTH_16:
        return (_BINARY_HEADS if binary else _TEXT_HEADS)[length] + mask + apply_mask(payload, mask)
    head = _BINARY if binary else _TEXT
    if length < 65536:
        return _pack_medium(head, _MASKED | _LENGTH_16, length) + mask + apply_mask(payload, mask)
    return b"".join((_pack_long(head, _MASKED | _LENGTH_64, length), mask, apply_mask(payload, mask)))


def plain_frame(payload: bytes, binary: bool) -> bytes:
    """The frame a server sends for a whole message."""
    head = _BINARY if binary else _TEXT
    length = len(payload)
    if length < _LENGTH_16:
        return _pack_short(head, length) + payload
    if length < 65536:
        return _pack_medium(head, _LENGTH_16, length) + payload
    return _pack_long(head, _LENGTH_64, length) + payload


def read_plain(data: bytes, start: int, max_size: int) -> WholeFrame | None:
    """The whole data frame of a server at `data[start:]`, if there is one of at most `max_size` bytes."""
    available = len(data) - start
    if available < 2:
        return None
    head = data[start]
    if head != _TEXT and head != _BINARY:
        return None
    length = data[start + 1]
    start += 2
    if length >= _LENGTH_16:
        # 64-bit lengths, and masks that a server must not use, are the parser's.
        if length != _LENGTH_16 or available < 4:
            return None
        length = data[start] << 8 | data[start + 1]
        start += 2
    end = start + length
    if end > len(data) or length > max_size:
        return None
    return data[start:end], head == _BINARY, end


def read_masked(data: bytes, start: int, max_size: int) -> WholeFrame | None:
    """The whole data frame of a client at `data[start:]`, if there is one; see `read_plain`."""
    available = len(data) - start
    if available < 6:
        return None
    head = data[start]
    if head != _TEXT and head != _BINARY:
        return None
    length = data[start + 1] - _MASKED
    start += 2
    if length < 0:
        return None
    if length >= _LENGTH_16:
        if length != _LENGTH_16:
            return None
        length = data[start] << 8 | data[start + 1]
        start += 2
    body = start + 4
    end = body + length
    if end > len(data) or length > max_size:
        return None
    return apply_mask(data[body:end], data[start:body]), head == _BINARY, end
