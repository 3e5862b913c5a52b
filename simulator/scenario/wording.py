"""What pydantic found wrong with a scenario, in words: what was written, and what would be right."""

import json
import re
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from simulator.closest import closest
from simulator.fields.section import OutOfRange, WrongWord, keys_of, marks_of
from simulator.fields.wrong_kind import WrongKind
from simulator.scenario.places import place_of, places_with
from simulator.scenario.yaml_source import Path
from simulator.shown import MASK, is_secret_name, mask
from simulator.texts.translation import N_, _, listed
from simulator.wide_marks import first_wide

_TYPES = {
    "string_type": N_("must be text: put it in quotes"),
    "int_type": N_("must be a whole number"),
    "int_from_float": N_("must be a whole number"),
    "float_type": N_("must be a number"),
    "bool_type": N_("must be true or false"),
    "list_type": N_("must be a list: each entry begins with `- `"),
    "dict_type": N_("must be a mapping: `key: value` lines"),
    "model_type": N_("must be a mapping: `key: value` lines"),
    "model_attributes_type": N_("must be a mapping: `key: value` lines"),
    "too_short": N_("must not be empty"),
    "string_too_short": N_("must not be empty"),
}

_EMPTY = ("too_short", "string_too_short")
"""Of what is empty nothing can be quoted."""

_NO_SECRETS = ("salt",)
"""Keys of the format that are called as secrets are."""

_IN_QUOTES = {
    "int_type": re.compile(r"[-+]?[0-9]+"),
    "float_type": re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)"),
    "bool_type": re.compile(r"true|false", re.IGNORECASE),
}
"""What would be right without quotes."""

_WORDS = {int: N_("a whole number"), float: N_("a number"), str: N_("text"), bool: "true, false", list: N_("a list")}
"""Types that a field leaves a choice of; all others are mappings."""

_BOUNDS = {
    "greater_than_equal": ("ge", N_("at least")),
    "greater_than": ("gt", N_("more than")),
    "less_than_equal": ("le", N_("at most")),
    "less_than": ("lt", N_("below")),
    "too_long": ("max_length", N_("a list of at most so many entries:")),
    "string_too_long": ("max_length", N_("text of at most so many characters:")),
}

_PATTERNS = {"^([0-9a-fA-F]{2})*$": N_("must be hex digits in pairs")}
"""What is said instead of a pattern that few can read."""


def describe(details: ErrorDetails, shown: str) -> tuple[str, str | None]:
    """What is wrong in words, and what was probably meant; `shown` is what was written."""
    kind, context, value = details["type"], details.get("ctx", {}), details["input"]
    if choice := place_of(details["loc"]).choice:
        return _no_choice(value, shown, choice)
    if kind == "extra_forbidden":
        return _unknown_key(details["loc"])
    if kind in ("missing", "union_tag_not_found"):
        return _("is missing"), None
    if kind == "value_error":
        error = context["error"]
        if isinstance(error, OutOfRange):
            return _("{shown} is out of range: {error}", shown=shown, error=error), None
        if isinstance(error, WrongKind):
            return _not_as_needed(value, shown, str(error)), None
        # No key of the format is a secret, but one may have been pasted into a value.
        text = str(value)
        message = str(error).replace(text, mask(text)) if text else str(error)
        return message, error.suggestion if isinstance(error, WrongWord) else None
    if kind == "union_tag_invalid":
        kinds = re.findall(r"'([^']*)'", context["expected_tags"])
        return _("{tag} is none of {kinds}", tag=written(context["tag"]), kinds=listed(kinds)), closest(
            str(context["tag"]), kinds
        )
    if kind == "literal_error":
        choices = re.findall(r"'([^']*)'|(\d+)", context["expected"])
        choices = [text or number for text, number in choices]
        if isinstance(value, (list, dict)):
            only = str(value[0]) if isinstance(value, list) and len(value) == 1 else None
            kind_of = _("a list") if isinstance(value, list) else _("a mapping")
            return _(
                "must be one of {choices}, not {kind_of}", choices=listed(choices), kind_of=kind_of
            ), only if only in choices else None
        suggestion = closest(str(value), choices)
        return _("{shown} is none of {choices}", shown=shown, choices=listed(choices)), suggestion
    if value is True and kind in ("model_type", "model_attributes_type", "dict_type") and _all_usual(details["loc"]):
        return _not_as_needed(value, shown, _("must be a mapping: write {} for the usual ones")), None
    if kind in _EMPTY:
        return _(_TYPES[kind]), None
    if kind in _TYPES:
        return _not_as_needed(value, shown, _(_TYPES[kind]), in_quotes=_IN_QUOTES.get(kind)), None
    if kind in _BOUNDS:
        name, words = _BOUNDS[kind]
        return _(
            "{shown} is out of range: it must be {words} {limit}",
            shown=shown,
            words=_(words),
            limit=context[name],
        ), None
    if kind == "string_pattern_mismatch":
        pattern = context["pattern"]
        wrong = (
            _(_PATTERNS[pattern]) if pattern in _PATTERNS else _("does not have the form {pattern}", pattern=pattern)
        )
        return f"{shown} {wrong}", None
    return f"{shown}: {details['msg'].lower()}", None


def _not_as_needed(value: Any, shown: str, needed: str, *, in_quotes: re.Pattern[str] | None = None) -> str:
    """What was written, and what it must be; where it only has quotes too many (`in_quotes`), that."""
    if value is None:
        return _("is empty, and {needed}", needed=needed)
    if isinstance(value, str) and in_quotes is not None and in_quotes.fullmatch(value):
        return _("{shown} {needed}: leave out the quotes", shown=shown, needed=needed)
    return f"{shown} {needed}"


def _no_choice(value: Any, shown: str, choice: tuple[Any, ...]) -> tuple[str, str | None]:
    """Of a value that is none of what the field leaves a choice of: all of them, said once."""
    words = [str(word) for kind in choice if get_origin(kind) is Literal for word in get_args(kind)]
    kinds = [*(_in_words(kind) for kind in choice if get_origin(kind) is not Literal), *words]
    needed = _("must be {kinds}, or {last}", kinds=listed(kinds[:-1]), last=kinds[-1])
    numbers = _IN_QUOTES["int_type"] if int in map(_bare, choice) else None
    suggestion = closest(value, words) if isinstance(value, str) else None
    return _not_as_needed(value, shown, needed, in_quotes=numbers), suggestion


def _in_words(kind: Any) -> str:
    """One of a field's choices, `a whole number from 1 to 64`."""
    limits = [limit for mark in marks_of(kind) if isinstance(mark, FieldInfo) for limit in mark.metadata]
    bounds = {name: getattr(limit, name) for limit in limits for name in ("ge", "le") if hasattr(limit, name)}
    bare = _bare(kind)
    if bare is int and len(bounds) == 2:
        return _("a whole number from {ge} to {le}", **bounds)
    return _(_WORDS.get(bare, N_("a mapping")))


def _bare(kind: Any) -> Any:
    """A type without its marks and without what it holds."""
    kind = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    return get_origin(kind) or kind


def _all_usual(loc: Path) -> bool:
    """Whether the section at `loc` may be empty."""
    section = place_of(loc).section
    return section is not None and not any(field.is_required() for field in section.model_fields.values())


def _unknown_key(loc: Path) -> tuple[str, str | None]:
    key = str(loc[-1])
    if (wide := first_wide(key)) is not None:
        return _("has the full-width mark {mark} where YAML wants {plain}", mark=wide[1], plain=wide[2]), None
    _path, section, kinds, _choice = place_of(loc[:-1])
    if section is None:
        return _("is not a key of the scenario format"), None
    suggestion = closest(key, keys_of(section))
    having = [word for word, kind in kinds.items() if key in keys_of(kind)]
    if having:
        own = next(word for word, kind in kinds.items() if kind is section)
        return _("is not a key of {own}, but of {having}", own=own, having=listed(having)), suggestion
    if suggestion is None:
        places = places_with(key)
        if places:
            return _(
                "is not a key here; it belongs in {names}", names=_(" or ").join(f"`{place}`" for place in places[:3])
            ), None
        return _("is not a key here; known: {names}", names=listed(keys_of(section))), None
    return _("is not a key here"), suggestion


def written(value: Any, path: Path = ()) -> str:
    """What was written, in quotes and as YAML has it; nothing of what a key's name says is secret."""
    if any(isinstance(part, str) and is_secret_name(part) and part not in _NO_SECRETS for part in path):
        return f"'{MASK}'"
    if isinstance(value, int) and abs(value) > 10**20:
        return _("a number of {abs:,} digits", abs=len(str(abs(value))))
    plain = isinstance(value, (bool, list, dict)) or value is None
    text = mask(json.dumps(value, ensure_ascii=False) if plain else str(value))
    return f"'{text[:60]}…'" if len(text) > 60 else f"'{text}'"
