"""The protocol's reference page in Markdown, made from the catalogue: one table a funcId."""

from collections.abc import Iterator, Sequence

from simulator.protocol import codes
from simulator.protocol.catalogue import ALWAYS_SUPPORTED, CATALOGUE
from simulator.protocol.catalogue.common import BIO_TYPE, BIO_TYPE_NAMES, VERIFY_STYLE, VERIFY_STYLES
from simulator.protocol.catalogue.formats import Format, OneOf
from simulator.protocol.catalogue.spec import Direction, Field, MessageSpec, Object, Objects, Reply, Shape, Strings

_HEAD = """\
# Protocol reference

Every funcId of the BEST meeting-device protocol, as `simulator/protocol/catalogue` declares it. This page is generated
from there (`make docs`); a test fails when it is out of date. Where the document is unclear, `deviations.md` says how
it is read.

Every message is a JSON object, and every scalar value in it is a string. `funcId`, `mid` (at most 32 characters, never
used twice on a connection) and `payload.params` make up a request; `imme` makes a message urgent unless it is `0`.
An empty string in a field that is no list counts as absent. A reply is matched by its `mid`.
"""

_GROUPS = {
    Direction.LOOKUP: "Look-up",
    Direction.TO_PLATFORM: "Device to platform",
    Direction.TO_DEVICE: "Platform to device",
}
_OWN_TABLES = ((BIO_TYPE, "biometric types"), (VERIFY_STYLE, "ways to verify"))
"""Long enumerations stand in tables of their own."""


def reference_page() -> str:
    """The whole page; `docs/protocol.md` holds it."""
    parts = [_HEAD, _contents(), _codes()]
    for direction, title in _GROUPS.items():
        parts.append(f"## {title}\n")
        parts += [_message(spec) for spec in CATALOGUE.values() if spec.direction is direction]
    parts += ["## Tables\n", _bio_types(), _verify_styles()]
    return "\n".join(parts)


def _contents() -> str:
    rows = [
        (f"[`{spec.func_id}`](#{_anchor(spec.func_id)})", spec.summary)
        for direction in _GROUPS
        for spec in CATALOGUE.values()
        if spec.direction is direction
    ]
    return "## Messages\n\n" + _table(("message", "what it is for"), rows)


def _codes() -> str:
    always = ", ".join(f"`{func_id}`" for func_id in ALWAYS_SUPPORTED)
    answers = [(f"`{code}`", message) for code, message in codes.MESSAGES.items()]
    refusals = [(f"`{code}`", meaning) for code, meaning in codes.COMMAND_REFUSALS.items()]
    return (
        "## Codes\n\n"
        "Only the first is the document's; the embedded platform answers the others. A device treats each but the "
        "first as a failure.\n\n"
        + _table(("code", "meaning"), answers)
        + "\nA device also answers commands with these:\n\n"
        + _table(("code", "meaning"), refusals)
        + f"\nBoth sides support {always} whatever their `funcIds` lists say.\n"
    )


def _message(spec: MessageSpec) -> str:
    lines = [f"### {spec.func_id}\n", f"{spec.summary} Section: {spec.section}. {_reply(spec)}\n"]
    notes = []
    if spec.extension:
        notes.append("An extension: the document only names it (see `deviations.md`, Extensions).")
    if spec.sn_required:
        notes.append("`sn` stands at the top level of the envelope.")
    if spec.left_out_over_publish_subscribe:
        left_out = " and ".join(f"`{name}`" for name in spec.left_out_over_publish_subscribe)
        notes.append(f"Over publish/subscribe protocols (MQTT) {left_out} are left out.")
    if spec.direction is Direction.TO_PLATFORM:
        notes.append("Taken before the login." if spec.before_login else "Refused before the login.")
    if not spec.params_required:
        notes.append("The payload may be left out.")
    if notes:
        lines.append(" ".join(notes) + "\n")
    what = "Query parameters" if spec.direction is Direction.LOOKUP else "Parameters"
    lines.append(f"{what}:\n\n{_fields(spec.params)}" if spec.params.fields else "No parameters.\n")
    if spec.results.fields:
        lines.append(f"Results of the reply:\n\n{_fields(spec.results)}")
    return "\n".join(lines)


def _reply(spec: MessageSpec) -> str:
    match spec.reply:
        case Reply.NONE:
            return "It gets no reply."
        case Reply.BARE if spec.direction is Direction.LOOKUP:
            return "Answered by HTTP 200 with code and message, a refusal too."
        case Reply.BARE:
            return "The reply carries no funcId."
        case _:
            return f"Answered by `{spec.reply.value}`."


def _fields(shape: Object) -> str:
    rows = [
        (f"`{path}`", "yes" if field.required else "one of" if chosen else "no", _shape(field.shape), _about(field))
        for path, field, chosen in _walk(shape, "")
    ]
    return _table(("field", "required", "format", "meaning"), rows)


def _walk(shape: Object, prefix: str) -> Iterator[tuple[str, Field, bool]]:
    """Fields with their paths, and whether each belongs to a group of which exactly one is given."""
    grouped = {name for group in shape.exactly_one for name in group}
    for field in shape.fields:
        path = f"{prefix}{field.name}"
        yield path, field, field.name in grouped
        if isinstance(field.shape, Object):
            yield from _walk(field.shape, f"{path}.")
        elif isinstance(field.shape, Objects):
            yield from _walk(field.shape.item, f"{path}[].")


def _shape(shape: Shape) -> str:
    if isinstance(shape, Object):
        return "object"
    if isinstance(shape, Objects):
        return "list of objects"
    if isinstance(shape, Strings):
        return "list of texts" if shape.item.label == "text" else f"list: {_format(shape.item)}"
    return _format(shape)


def _format(shape: Format) -> str:
    if not isinstance(shape, OneOf):
        return shape.label
    for long, name in _OWN_TABLES:
        if shape == long:
            return f"one of the {name} below"
    return "; ".join(f"`{value}` {meaning}" for value, meaning in shape.values.items())


def _about(field: Field) -> str:
    text = field.description
    if field.default is not None:
        text += f" Default `{field.default}`."
    if field.aliases:
        text += f" Also accepted as {', '.join(f'`{name}`' for name in field.aliases)}."
    return text


def _bio_types() -> str:
    rows = [(f"`{number}`", name) for number, name in enumerate(BIO_TYPE_NAMES)]
    return "### Biometric types\n\nStrings such as `0:1:1:0:0:0:0:0:0:0` hold types 0 to 9 by position.\n\n" + _table(
        ("type", "meaning"), rows
    )


def _verify_styles() -> str:
    return "### Ways to verify\n\n" + _table(
        ("verifyStyle", "meaning"), [(f"`{code}`", name) for code, name in VERIFY_STYLES.items()]
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def _anchor(heading: str) -> str:
    """The fragment under which the usual renderers find a heading."""
    return heading.lower().replace(".", "")
