"""How the cases of files are declared: what has to be accepted, what refused, and what the document leaves open."""

from typing import Final

from simulator.conform.business import Body, online
from simulator.conform.case import Case, Run
from simulator.conform.sections import SECTIONS
from simulator.conform.uploads import FILES, START, USER_PHOTOS
from simulator.texts.told import Told

REFUSED: Final = "a code other than 00000000"
_ACCEPTED: Final = "code 00000000 to each"
_OPEN: Final = "The document does not say"


def accepts(
    name: str,
    title: str,
    sends: str,
    why: str,
    body: Body,
    *,
    expects: str = _ACCEPTED,
    required: bool = True,
    uses: bool = False,
    others: tuple[str, ...] = (),
) -> Case:
    """A case whose last message has to be accepted by a platform that takes files.

    Args:
        uses: It uploads a portrait as well.
        others: What else it sends.
    """
    needed = (*FILES, *((USER_PHOTOS.func_id,) if uses else ()), *others)
    return case(name, title, sends, why, online(body, *needed), expects=expects, required=required)


def case(
    name: str, title: str, sends: str, why: str, run: Run, *, expects: str = _ACCEPTED, required: bool = True
) -> Case:
    """A case that opens its connections itself."""
    return Case(
        id=f"file.{name}",
        section=SECTIONS[START],
        title=title,
        sends=sends,
        expects=expects,
        why=why,
        run=run,
        required=required,
    )


def refuses(name: str, title: str, sends: str, why: str, body: Body, *, uses: bool = False) -> Case:
    """A case whose last message has to be refused; the title is what is refused."""
    return accepts(name, Told("{title} is refused", title=title), sends, why, body, expects=REFUSED, uses=uses)


def left_open(name: str, title: str, sends: str, body: Body, why: str = _OPEN, *, uses: bool = False) -> Case:
    """A case of something that the document leaves open."""
    return accepts(name, title, sends, why, body, expects="either", required=False, uses=uses)
