"""Files that go up in pieces (document 3.7): start, package, end, and the photo that uses what came."""

from functools import partial
from typing import Final

from simulator.conform.bench import Bench
from simulator.conform.business import prepare
from simulator.conform.case import Outcome
from simulator.conform.expect import accepted
from simulator.conform.file_cases import accepts, case, left_open
from simulator.conform.tester import Device
from simulator.conform.uploads import (
    FILES,
    START,
    USER_PHOTOS,
    digest,
    end_file,
    given,
    must,
    photo,
    send_file,
    send_piece,
    start_file,
    use_file,
)

_CHECKSUM: Final = "checksum: 否; 服务端根据checksum是否为空进行checksum校验文件完整性"
_AGAIN: Final = "docs/deviations.md, Files: a new start of the same fileId begins again"
_OPEN: Final = "The document does not say"
_PIECE: Final = 1_000


# --- What is accepted ---


async def _pieces(size: int, piece: int, bench: Bench, device: Device) -> Outcome:
    return accepted(await send_file(device, bench.file_id(), photo(size), piece=piece))


async def _without_checksum(checksum: str, bench: Bench, device: Device) -> Outcome:
    file_id, content = bench.file_id(), photo(_PIECE)
    must(await device.request(START, {"fileId": file_id, "size": str(len(content)), **_named(checksum)}))
    must(await send_piece(device, file_id, 0, content))
    return accepted(await end_file(device, file_id))


def _named(checksum: str) -> dict[str, str]:
    return {} if checksum == "none" else {"checksum": checksum}


async def _used(bench: Bench, device: Device) -> Outcome:
    file_id = bench.file_id()
    given(await send_file(device, file_id, photo(_PIECE)))
    return accepted(await use_file(bench, device, file_id))


async def _interleaved(bench: Bench, device: Device) -> Outcome:
    ids, contents = [bench.file_id(), bench.file_id()], [photo(2 * _PIECE, key) for key in range(2)]
    for file_id, content in zip(ids, contents, strict=True):
        must(await start_file(device, file_id, len(content), digest(content)))
    for offset in (0, _PIECE):
        for file_id, content in zip(ids, contents, strict=True):
            must(await send_piece(device, file_id, offset, content[offset : offset + _PIECE]))
    for file_id in ids:
        must(await end_file(device, file_id))
    must(await use_file(bench, device, ids[0]))
    return accepted(await use_file(bench, device, ids[1]))


async def _restarted(bench: Bench, device: Device) -> Outcome:
    file_id = bench.file_id()
    given(await start_file(device, file_id, 2 * _PIECE, digest(photo(2 * _PIECE))))
    given(await send_piece(device, file_id, 0, photo(_PIECE)))
    return accepted(await send_file(device, file_id, photo(_PIECE + 500, 1), piece=_PIECE))


async def _restarted_complete(bench: Bench, device: Device) -> Outcome:
    file_id = bench.file_id()
    given(await send_file(device, file_id, photo(_PIECE)))
    must(await send_file(device, file_id, photo(2 * _PIECE, 1)))
    return accepted(await use_file(bench, device, file_id))


async def _after_reconnect(bench: Bench) -> Outcome:
    file_id = bench.file_id()
    needed = (*FILES, USER_PHOTOS.func_id)
    async with bench.device(fresh=True) as device:
        await prepare(bench, device, needed)
        given(await send_file(device, file_id, photo(_PIECE)))
        await device.close()
    async with bench.device(fresh=True) as device:
        return accepted(await use_file(bench, device, file_id))


async def _of_two_devices(bench: Bench) -> Outcome:
    file_id = bench.file_id()
    async with bench.device() as first, bench.device(which=1) as second:
        for device in (first, second):
            await prepare(bench, device, FILES)
        devices = ((first, photo(_PIECE)), (second, photo(_PIECE + 500, 1)))
        for device, content in devices:
            must(await start_file(device, file_id, len(content), digest(content)))
        for device, content in devices:
            must(await send_piece(device, file_id, 0, content))
        must(await end_file(first, file_id))
        return accepted(await end_file(second, file_id))


# --- What is open ---


async def _end_twice(bench: Bench, device: Device) -> Outcome:
    file_id = bench.file_id()
    given(await send_file(device, file_id, photo(_PIECE)))
    return accepted(await end_file(device, file_id))


async def _used_twice(bench: Bench, device: Device) -> Outcome:
    file_id = bench.file_id()
    given(await send_file(device, file_id, photo(_PIECE)), await use_file(bench, device, file_id))
    return accepted(await use_file(bench, device, file_id))


async def _of_no_bytes(bench: Bench, device: Device) -> Outcome:
    return accepted(await send_file(device, bench.file_id(), b"", checksum=""))


async def _empty_piece(bench: Bench, device: Device) -> Outcome:
    file_id = bench.file_id()
    given(await start_file(device, file_id, _PIECE))
    return accepted(await send_piece(device, file_id, 0, b""))


async def _huge(bench: Bench, device: Device) -> Outcome:
    return accepted(await start_file(device, bench.file_id(), 10**12))


async def _goes_on_after_reconnect(bench: Bench) -> Outcome:
    file_id, content = bench.file_id(), photo(2 * _PIECE)
    async with bench.device(fresh=True) as device:
        await prepare(bench, device, FILES)
        given(
            await start_file(device, file_id, len(content), digest(content)),
            await send_piece(device, file_id, 0, content[:_PIECE]),
        )
        await device.close()
    async with bench.device(fresh=True) as device:
        return accepted(await send_piece(device, file_id, _PIECE, content[_PIECE:]))


CASES = (
    accepts(
        "one-piece",
        "A file of one piece is accepted",
        "start, one package, end",
        "上传大文件",
        partial(_pieces, 1_000, 1_000),
    ),
    accepts(
        "many-pieces",
        "A file of many pieces is accepted",
        "start, 12 packages of other lengths than the file's, end",
        "offset: 上次已传输文件偏移位置",
        partial(_pieces, 12_345, 1_111),
    ),
    accepts(
        "large",
        "A photo of 255 KB goes up in pieces",
        "start, six packages of up to 60 KB, end",
        "上传大文件: 当上传照片数据包超过通讯协议限制的大小时使用",
        partial(_pieces, 255 * 1024, 45_000),
    ),
    accepts(
        "used",
        "A photo may name a file that was uploaded",
        "a file, then a portrait with its contentFileId",
        "将照片预先分包上传设备, 详见 上传大文件, 然后指定fileId",
        _used,
        uses=True,
    ),
    accepts(
        "checksum.empty",
        "An empty checksum is none",
        'a file with "checksum": "", as the document\'s example',
        _CHECKSUM,
        partial(_without_checksum, ""),
    ),
    accepts(
        "checksum.none",
        "A file without checksum is accepted",
        "a file without it",
        _CHECKSUM,
        partial(_without_checksum, "none"),
    ),
    accepts(
        "interleaved",
        "Two files whose packages alternate are both accepted",
        "two files at the same time, then a portrait out of each",
        "fileId: 设备内文件唯一标识",
        _interleaved,
        uses=True,
    ),
    case(
        "two-devices",
        "Two devices may use the same fileId",
        "two files of the same id from two devices, one after the other's start",
        "fileId: 设备内文件唯一标识: unique within the device",
        _of_two_devices,
    ),
    accepts(
        "restart",
        "A new start of an unfinished file begins it again",
        "start, one package, then start with another size, two packages of another picture, end",
        _AGAIN,
        _restarted,
    ),
    accepts(
        "restart.complete",
        "A new start of a completed file begins it again",
        "a file, then another of the same id, then a portrait out of it",
        _AGAIN,
        _restarted_complete,
        uses=True,
    ),
    case(
        "after-reconnect",
        "A completed file survives a reconnect until it is used",
        "a file, a new connection, then a portrait out of it",
        "docs/deviations.md, Files: a completed file survives a reconnect until a photo uses it",
        _after_reconnect,
    ),
    left_open("size.zero", "A file of no bytes", "start with a size of 0, and end", _of_no_bytes),
    left_open("size.huge", "A file of a terabyte", "start with a size of 10^12", _huge),
    left_open("empty-piece", "A package without a byte", 'a package with "content": ""', _empty_piece),
    left_open("end-twice", "The end of a completed file again", "a file, then end again", _end_twice),
    left_open(
        "used-again",
        "The same photo again out of the same file",
        "a file, a portrait, the same again",
        _used_twice,
        uses=True,
    ),
    case(
        "unfinished.after-reconnect",
        "An unfinished file after a reconnect",
        "start, one package, a new connection, the next package",
        _OPEN,
        _goes_on_after_reconnect,
        expects="either",
        required=False,
    ),
)
