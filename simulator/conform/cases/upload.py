"""What all six uploads have in common (document 3.8 to 3.13): few, many, none, again, a bad one among good ones."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from simulator.conform.answers import Reply
from simulator.conform.bench import Bench
from simulator.conform.business import Body, after_a_refusal, online
from simulator.conform.case import Case, Outcome, not_run
from simulator.conform.expect import accepted, refused
from simulator.conform.sections import SECTIONS
from simulator.conform.tester import Device
from simulator.conform.uploads import (
    KINDS,
    PACKAGE_BYTES,
    USERS,
    Kind,
    encoded,
    entry,
    given,
    photo,
    send,
    size_of,
)
from simulator.texts.told import Told

_ACCEPTED: Final = "code 00000000"
_EXTRA: Final = "tester"
_GROWTH: Final = 64
"""Bytes that are kept free where a message is filled up: its mid may grow by a digit."""

# --- What is accepted ---


async def _smallest(kind: Kind, bench: Bench, device: Device) -> Outcome:
    return accepted(await send(device, kind, entry(kind, bench, device)))


async def _complete(kind: Kind, bench: Bench, device: Device) -> Outcome:
    return accepted(await send(device, kind, entry(kind, bench, device, complete=True)))


async def _batch(kind: Kind, bench: Bench, device: Device) -> Outcome:
    return accepted(await send(device, kind, *(entry(kind, bench, device, place) for place in range(3))))


async def _largest(kind: Kind, bench: Bench, device: Device) -> Outcome:
    room = PACKAGE_BYTES - _GROWTH
    entries = [entry(kind, bench, device)]
    used = size_of(device, kind.func_id, {kind.entries: entries})
    if kind.photo:
        content = photo((room - used) // 4 * 3)
        entries[0]["content"] = encoded(content)
    elif kind is USERS:
        entries = [entry(kind, bench, device, complete=True)]
        if "bioDatas" not in entries[0]:
            return not_run("the platform takes no templates, and a user without one is small")
        used = size_of(device, kind.func_id, {kind.entries: entries})
        template = entries[0]["bioDatas"][0]
        # Base64, should the platform decode it.
        template["tmp"] = "A" * ((room - used + len(template["tmp"])) // 4 * 4)
    else:
        each = size_of(device, kind.func_id, {kind.entries: [*entries, entry(kind, bench, device, 1)]}) - used
        entries += [entry(kind, bench, device, place) for place in range(1, 1 + (room - used) // each)]
    bench.trace.note(Told("{size_of} bytes of JSON", size_of=size_of(device, kind.func_id, {kind.entries: entries})))
    return accepted(await send(device, kind, *entries))


async def _further_field(kind: Kind, bench: Bench, device: Device) -> Outcome:
    one = {**entry(kind, bench, device), _EXTRA: "1"}
    return accepted(await device.request(kind.func_id, {kind.entries: [one], _EXTRA: "1"}))


async def _none(kind: Kind, bench: Bench, device: Device) -> Outcome:
    return accepted(await send(device, kind))


async def _again(kind: Kind, bench: Bench, device: Device) -> Outcome:
    one = entry(kind, bench, device)
    given(await send(device, kind, one))
    return accepted(await send(device, kind, one))


# --- What is refused ---


async def _one_bad(kind: Kind, bench: Bench, device: Device) -> Outcome:
    first, bad, last = (entry(kind, bench, device, place) for place in range(3))
    del bad["pin"]
    whole = await send(device, kind, first, bad, last)
    if isinstance(whole, Reply) and not whole.ok:
        alone = {kind.entries: [first, last]}
        return accepted(await after_a_refusal(bench, device, kind.func_id, alone))
    return refused(whole)


async def _no_list(kind: Kind, bench: Bench, device: Device) -> Outcome:
    return refused(await device.request(kind.func_id, {kind.entries: entry(kind, bench, device)}))


def _cases(kind: Kind) -> tuple[Case, ...]:
    def case(
        name: str,
        title: str,
        sends: str,
        why: str,
        body: Callable[[Kind, Bench, Device], Awaitable[Outcome]],
        *,
        expects: str = _ACCEPTED,
        required: bool = True,
    ) -> Case:
        bound: Body = partial(body, kind)
        return Case(
            id=f"upload.{kind.name}.{name}",
            section=SECTIONS[kind.func_id],
            title=title,
            sends=Told("{func_id} {sends}", func_id=kind.func_id, sends=sends),
            expects=expects,
            why=why,
            run=online(bound, kind.func_id),
            required=required,
        )

    what = kind.what
    empty_is_answer = kind is USERS
    return (
        case(
            "smallest",
            Told("A {what} with the required fields is accepted", what=what),
            "with one entry",
            "是否必须: 是",
            _smallest,
        ),
        case(
            "complete",
            Told("A {what} with every field is accepted", what=what),
            "with one entry that has every field of the table",
            "The table of its fields",
            _complete,
        ),
        case(
            "batch",
            Told("Several {what}s in one message are accepted", what=what),
            "with three entries",
            "The list is one",
            _batch,
        ),
        case(
            "largest",
            Told("A {what} message just within the package is accepted", what=what),
            Told("of almost {package_bytes:,} bytes of JSON", package_bytes=PACKAGE_BYTES),
            "maxPackageSize: 通信最大数据包的大小, 默认值为64, 单位KB",
            _largest,
        ),
        case(
            "further-field",
            "Fields that the document does not have are passed over",
            Told('with "{extra}": "1" in its params and its entry', extra=_EXTRA),
            "已存在字段名不能删除, 只能扩展",
            _further_field,
        ),
        case(
            "empty-list",
            "An empty list of users is accepted: it says that there are none" if empty_is_answer else "An empty list",
            Told('with "{entries}": []', entries=kind.entries),
            "docs/deviations.md, Commands: no users: one empty array"
            if empty_is_answer
            else "The document does not say whether the list may be empty",
            _none,
            expects=_ACCEPTED if empty_is_answer else "either",
            required=empty_is_answer,
        ),
        case(
            "again",
            Told("A {what} that comes again is acknowledged again", what=what),
            "twice, the second time with a new mid",
            "docs/deviations.md, Records: what was not acknowledged is sent again; the platform drops duplicates",
            _again,
        ),
        case(
            "one-bad",
            "One bad entry refuses the whole message; the good ones are accepted when they come alone",
            "with three entries of which the second has no pin; then with the other two",
            "docs/deviations.md, Records and photos: one bad entry refuses the whole message",
            _one_bad,
            expects="a code other than 00000000, then 00000000",
        ),
        case(
            "no-list",
            "An entry that stands in no list is refused",
            Told("whose {entries} is an object", entries=kind.entries),
            Told("{entries} is a list: 字段为数组的情况下, 字段名需要为复数", entries=kind.entries),
            _no_list,
            expects="a code other than 00000000",
        ),
    )


CASES = tuple(case for kind in KINDS for case in _cases(kind))
