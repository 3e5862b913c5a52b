"""How the cases of one upload are declared."""

from collections.abc import Callable, Mapping
from typing import Final

from simulator.conform.bench import Bench
from simulator.conform.business import Body, online
from simulator.conform.case import Case, Outcome, Run
from simulator.conform.expect import accepted, refused
from simulator.conform.generated import Message
from simulator.conform.sections import SECTIONS
from simulator.conform.tester import Device
from simulator.conform.uploads import Kind, entry, send
from simulator.texts.told import Told

ACCEPTED: Final = "code 00000000"
REFUSED: Final = "a code other than 00000000"
EITHER: Final = "either"
OPEN: Final = "The document does not say"

Entries = Callable[[Bench, Device], list[Message]]
"""Makes the entries of a message."""


def upload_case(
    kind: Kind,
    name: str,
    title: str,
    sends: str,
    why: str,
    run: Run,
    *,
    expects: str = ACCEPTED,
    required: bool = True,
) -> Case:
    """A case of one upload that opens its connections itself."""
    return Case(
        id=f"upload.{kind.name}.{name}",
        section=SECTIONS[kind.func_id],
        title=title,
        sends=Told("{func_id} {sends}", func_id=kind.func_id, sends=sends),
        expects=expects,
        why=why,
        run=run,
        required=required,
    )


def takes(
    kind: Kind, name: str, title: str, sends: str, why: str, body: Body, *others: str, expects: str = ACCEPTED
) -> Case:
    """A case that a platform has to meet; `others` are further funcIds that it sends."""
    return upload_case(kind, name, title, sends, why, online(body, kind.func_id, *others), expects=expects)


def left_open(kind: Kind, name: str, title: str, sends: str, body: Body, *others: str, why: str = OPEN) -> Case:
    """A case of something that the document leaves open."""
    run = online(body, kind.func_id, *others)
    return upload_case(kind, name, title, sends, why, run, expects=EITHER, required=False)


def accepts(kind: Kind, entries: Entries) -> Body:
    """Sends these entries in one message, which has to be accepted."""

    async def body(bench: Bench, device: Device) -> Outcome:
        return accepted(await send(device, kind, *entries(bench, device)))

    return body


def refuses(kind: Kind, entries: Entries) -> Body:
    """Sends these entries in one message, which has to be refused."""

    async def body(bench: Bench, device: Device) -> Outcome:
        return refused(await send(device, kind, *entries(bench, device)))

    return body


def one(kind: Kind, **change: object) -> Entries:
    """One right entry with these values; None leaves a field out."""
    return lambda bench, device: [entry(kind, bench, device, change=change)]


def each(kind: Kind, *changes: Mapping[str, object]) -> Entries:
    """An entry for each of these changes."""
    return lambda bench, device: [
        entry(kind, bench, device, place, change=change) for place, change in enumerate(changes)
    ]
