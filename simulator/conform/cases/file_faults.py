"""Files that go up in pieces (document 3.7): wrong offsets, sizes, checksums and names, and the package's limit."""

from collections.abc import Callable
from functools import partial
from typing import Final

import orjson

from simulator.conform.answers import Answer, Reply
from simulator.conform.bench import Bench
from simulator.conform.business import prepare, user_params
from simulator.conform.case import Outcome, Result
from simulator.conform.expect import accepted, refused, refused_or_lost
from simulator.conform.file_cases import REFUSED, accepts, case, left_open, refuses
from simulator.conform.stages import Stage
from simulator.conform.tester import Device
from simulator.conform.uploads import (
    FILES,
    PACKAGE,
    PACKAGE_BYTES,
    USERS,
    digest,
    encoded,
    end_file,
    given,
    photo,
    send_file,
    send_piece,
    size_of,
    start_file,
    use_file,
)
from simulator.texts.told import Told

_SETTLED: Final = "docs/deviations.md, Files: a gap, a piece beyond the size, a wrong size or checksum, an unknown file"
_OR_ENDED: Final = Told("{refused}, or no answer from a broker that takes no such payload", refused=REFUSED)
_FILE_ID: Final = "fileId: 由字母和数字组成, 最高不能超过64位, 建议使用32位uuid"
_LIMIT: Final = "docs/deviations.md, Package size: maxPackageSize times 1,024 bytes of the JSON in UTF-8, not encrypted"
_PIECE: Final = 1_000


# --- Offsets, sizes and checksums ---


async def _gap(bench: Bench, device: Device) -> Outcome:
    file_id, content = bench.file_id(), photo(3 * _PIECE)
    given(await start_file(device, file_id, len(content), digest(content)))
    given(await send_piece(device, file_id, 0, content[:_PIECE]))
    return refused(await send_piece(device, file_id, 2 * _PIECE, content[2 * _PIECE :]))


async def _first_not_at_0(bench: Bench, device: Device) -> Outcome:
    file_id, content = bench.file_id(), photo(2 * _PIECE)
    given(await start_file(device, file_id, len(content), digest(content)))
    return refused(await send_piece(device, file_id, _PIECE, content[_PIECE:]))


async def _back(key: int, bench: Bench, device: Device) -> Outcome:
    file_id = bench.file_id()
    given(await start_file(device, file_id, 2 * _PIECE))
    given(await send_piece(device, file_id, 0, photo(_PIECE)))
    return accepted(await send_piece(device, file_id, 0, photo(_PIECE, key)))


async def _too_few(bench: Bench, device: Device) -> Outcome:
    file_id = bench.file_id()
    given(await start_file(device, file_id, _PIECE + 1))
    given(await send_piece(device, file_id, 0, photo(_PIECE)))
    return refused(await end_file(device, file_id))


async def _too_many(bench: Bench, device: Device) -> Outcome:
    file_id = bench.file_id()
    given(await start_file(device, file_id, _PIECE - 1))
    piece = await send_piece(device, file_id, 0, photo(_PIECE))
    return refused(await end_file(device, file_id)) if isinstance(piece, Reply) and piece.ok else refused(piece)


async def _nothing_sent(bench: Bench, device: Device) -> Outcome:
    file_id = bench.file_id()
    given(await start_file(device, file_id, _PIECE))
    return refused(await end_file(device, file_id))


async def _wrong_checksum(bench: Bench, device: Device) -> Outcome:
    return refused(await send_file(device, bench.file_id(), photo(_PIECE), checksum="0" * 32))


async def _upper_case(bench: Bench, device: Device) -> Outcome:
    content = photo(_PIECE)
    return accepted(await send_file(device, bench.file_id(), content, checksum=digest(content).upper()))


# --- Files that are not there ---


async def _unknown_package(bench: Bench, device: Device) -> Outcome:
    return refused(await send_piece(device, bench.file_id(), 0, photo(_PIECE)))


async def _unknown_end(bench: Bench, device: Device) -> Outcome:
    return refused(await end_file(device, bench.file_id()))


async def _unknown_use(bench: Bench, device: Device) -> Outcome:
    return refused(await use_file(bench, device, bench.file_id()))


async def _unfinished_use(bench: Bench, device: Device) -> Outcome:
    file_id = bench.file_id()
    given(await send_file(device, file_id, photo(_PIECE), end=False))
    return refused(await use_file(bench, device, file_id))


async def _named(name: Callable[[str], str], bench: Bench, device: Device) -> Outcome:
    return accepted(await send_file(device, name(bench.file_id()), photo(_PIECE)))


async def _bad_name(name: Callable[[str], str], bench: Bench, device: Device) -> Outcome:
    return refused(await start_file(device, name(bench.file_id()), _PIECE))


# --- The package's limit ---


async def _at_the_limit(above: int, bench: Bench, device: Device) -> Outcome:
    """A package of exactly the limit's size, or above it: a fileId of the right length makes it so."""
    params: dict[str, str] = {"fileId": "", "offset": "0", "content": ""}
    bare = bench.file_id()
    waste = (PACKAGE_BYTES + above - size_of(device, PACKAGE, params) - len(bare)) % 4
    params["fileId"] = bare + "0" * waste
    params["content"] = encoded(photo((PACKAGE_BYTES + above - size_of(device, PACKAGE, params)) // 4 * 3))
    message = device.message(PACKAGE, params)
    given(await start_file(device, params["fileId"], 2 * PACKAGE_BYTES))
    bench.trace.note(Told("{count} bytes of JSON", count=len(orjson.dumps(message))))
    answer = await device.ask(message)
    if not above:
        return accepted(answer)
    outcome = _too_large(answer, device)
    if outcome.result is not Result.OK or not isinstance(answer, Reply):
        return outcome
    return accepted(await send_piece(device, params["fileId"], 0, photo(_PIECE)))


def _too_large(answer: Answer, device: Device) -> Outcome:
    """Over MQTT it may be the broker that takes no more, which can only end the connection, or drop the message."""
    return refused(answer) if device.site.terms.mqtt is None else refused_or_lost(answer)


async def _in_bytes(bench: Bench, device: Device) -> Outcome:
    """Fewer characters than the limit, more bytes: each of these has three."""
    user = {**user_params(bench, device)["users"][0], "group": "组" * (PACKAGE_BYTES // 3)}
    return _too_large(await device.request(USERS.func_id, {USERS.entries: [user]}), device)


async def _reported(kilobytes: int, size: int, bench: Bench) -> Outcome:
    """The report says another limit than the 64 KB of the other cases."""
    async with bench.device(Stage.LOGGED_IN) as device:
        given(await device.report({"maxPackageSize": str(kilobytes)}))
        await prepare(bench, device, FILES)
        file_id = bench.file_id()
        given(await start_file(device, file_id, size))
        answer = await send_piece(device, file_id, 0, photo(size))
        return accepted(answer) if size < kilobytes * 1024 else refused(answer)


CASES = (
    refuses(
        "checksum.wrong",
        "A file that does not fit its checksum",
        "a file whose checksum is 32 zeros",
        _SETTLED,
        _wrong_checksum,
    ),
    left_open(
        "checksum.upper-case",
        "A right checksum in upper case",
        "a file with its MD5 digest in upper-case hex",
        _upper_case,
        "The document does not say how the digest is written",
    ),
    refuses("offset.gap", "A piece that leaves a gap", "bytes 0 to 999, then 2,000 to 2,999", _SETTLED, _gap),
    refuses(
        "offset.first",
        "A first piece that does not begin at 0",
        "bytes 1,000 to 1,999 first",
        _SETTLED,
        _first_not_at_0,
    ),
    left_open("offset.same-again", "The same piece again", "bytes 0 to 999 twice", partial(_back, 0)),
    left_open(
        "offset.back", "Another piece where one has come", "bytes 0 to 999, then others there", partial(_back, 1)
    ),
    refuses("size.too-few", "The end of a file that lacks a byte", "1,000 bytes of 1,001", _SETTLED, _too_few),
    refuses("size.too-many", "A byte beyond the size", "1,000 bytes of 999", _SETTLED, _too_many),
    refuses("size.nothing", "The end of a file of which nothing came", "start and end", _SETTLED, _nothing_sent),
    refuses(
        "unknown.package",
        "A package of a file that was not begun",
        "a package with a new fileId",
        _SETTLED,
        _unknown_package,
    ),
    refuses("unknown.end", "The end of a file that was not begun", "an end with a new fileId", _SETTLED, _unknown_end),
    refuses(
        "unknown.use",
        "A photo out of a file that there is not",
        "a portrait with a new fileId",
        _SETTLED,
        _unknown_use,
        uses=True,
    ),
    refuses(
        "unfinished.use",
        "A photo out of a file that was not completed",
        "start, all packages, no end; then a portrait out of it",
        "上传完成: dev.file.upload.end",
        _unfinished_use,
        uses=True,
    ),
    accepts(
        "fileId.64",
        "A fileId of 64 characters is accepted",
        "a file whose id has 64 letters and digits",
        _FILE_ID,
        partial(_named, lambda unique: unique * 2),
    ),
    accepts(
        "fileId.upper-case",
        "A fileId with capital letters is accepted",
        "a file whose id has letters of both cases",
        _FILE_ID,
        partial(_named, lambda unique: f"Ab{unique[2:]}"),
    ),
    refuses(
        "fileId.65", "A fileId of 65 characters", "start", _FILE_ID, partial(_bad_name, lambda unique: unique * 2 + "0")
    ),
    refuses(
        "fileId.dash",
        "A fileId with dashes",
        "start",
        _FILE_ID,
        partial(_bad_name, lambda unique: f"{unique[:8]}-{unique[9:]}"),
    ),
    refuses(
        "fileId.path",
        "A fileId with dots and slashes",
        "start with a path for a fileId",
        _FILE_ID,
        partial(_bad_name, lambda unique: f"../{unique[:16]}"),
    ),
    refuses(
        "fileId.chinese",
        "A fileId with Chinese characters",
        "start",
        _FILE_ID,
        partial(_bad_name, lambda unique: f"文件{unique[:16]}"),
    ),
    accepts(
        "package.at-limit",
        "A package of exactly 65,536 bytes of JSON is accepted",
        Told("a package of {package_bytes:,} bytes of JSON", package_bytes=PACKAGE_BYTES),
        _LIMIT,
        partial(_at_the_limit, 0),
    ),
    accepts(
        "package.above-limit",
        "A package of one byte more is refused, and the connection goes on",
        Told("a package of {value:,} bytes of JSON, then a smaller one", value=PACKAGE_BYTES + 1),
        "docs/deviations.md, Package size: a larger message is refused and the connection stays",
        partial(_at_the_limit, 1),
        expects="a code other than 00000000, then 00000000",
    ).but_over_mqtt(title="A package of one byte more is refused, or ends the connection", expects=_OR_ENDED),
    accepts(
        "package.limit-in-bytes",
        "The limit counts bytes of UTF-8, not characters",
        Told("a user whose group has {value:,} Chinese characters of three bytes", value=PACKAGE_BYTES // 3),
        _LIMIT,
        _in_bytes,
        expects=REFUSED,
        others=(USERS.func_id,),
    ).but_over_mqtt(expects=_OR_ENDED),
    case(
        "package.reported-limit",
        "The limit is the one that the device has reported",
        "a report with a maxPackageSize of 32, then a package of 45 KB",
        _LIMIT,
        partial(_reported, 32, 34_000),
        expects=REFUSED,
    ),
    case(
        "package.reported-larger",
        "A device that reports a larger limit than 64 KB",
        "a report with a maxPackageSize of 128, then a package of 80 KB",
        "The document does not say whether the platform may have a limit of its own",
        partial(_reported, 128, 60_000),
        expects="either",
        required=False,
    ),
)
