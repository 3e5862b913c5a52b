"""A YAML file as plain data, with the line of every key and value, so that a problem can be shown where it is.

Read as YAML 1.2 has it, not PyYAML's 1.1: `on`, `off`, `no` and `+10:00` are text, keys are always text. A key given
twice is a problem. Anchors, aliases and merge keys (`<<`) work; what they unfold to is bounded.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import yaml

from simulator.scenario.problems import Problem, ScenarioError, dotted
from simulator.texts.translation import _
from simulator.wide_marks import first_wide

MAX_BYTES = 1_048_576
MAX_VALUES = 100_000
"""Values a file may unfold to through aliases: far above any scenario, far below what would hurt."""
MAX_DEPTH = 24

Path = tuple[str | int, ...]
Position = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class YamlSource:
    """Plain data (dict, list, str, int, float, bool, None) and where each part of it stands."""

    file: str
    data: Any
    positions: Mapping[Path, Position]
    """Line and column, from 1, of each entry's key or list item."""

    def line(self, path: Path) -> int | None:
        """The line of `path`, or of the nearest part around it that is in the file."""
        for length in range(len(path), -1, -1):
            position = self.positions.get(path[:length])
            if position is not None:
                return position[0]
        return None


_PLAIN_TAGS = {"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"}
_HALF_PAIR = re.compile("[\ud800-\udfff]")


class _Loader(yaml.SafeLoader):
    """PyYAML with the scalar types of YAML 1.2's core schema instead of 1.1's, and an end to nesting."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own class attribute
    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self._depth += 1
        if self._depth > MAX_DEPTH + 1:
            raise yaml.MarkedYAMLError(problem=_("it is nested too deeply"), problem_mark=self.get_mark())
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1


for _tag, _pattern, _first in (
    ("null", r"(?:~|null|Null|NULL|)", ["~", "n", "N", ""]),
    ("bool", r"(?:true|True|TRUE|false|False|FALSE)", list("tTfF")),
    ("int", r"[-+]?[0-9]+", list("-+0123456789")),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?", list("-+.0123456789")),
    ("merge", r"<<", ["<"]),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^{_pattern}$"), _first)


def read_yaml(text: str, file: str) -> YamlSource:
    """The data of a YAML text.

    Raises:
        ScenarioError: If the text is too long, empty, no YAML, unfolds to too much, or gives a key twice.
    """
    if len(text) > MAX_BYTES:
        raise ScenarioError(
            [Problem(file=file, line=1, message=_("is longer than {max_bytes} KB", max_bytes=MAX_BYTES // 1024))]
        )
    try:
        root = yaml.compose(text, _Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = ", ".join(part for part in (error.context, error.problem) if part)
        line = mark.line + 1 if mark else 1
        message = _("is not valid YAML: {what}{wide_mark}", what=what, wide_mark=_wide_mark(text, line))
        raise ScenarioError([Problem(file=file, line=line, message=message)]) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        message = _("is not valid YAML: character {character!r} is not allowed", character=error.character)
        raise ScenarioError([Problem(file=file, line=line, message=message)]) from None
    if root is None:
        raise ScenarioError([Problem(file=file, line=1, message=_("is empty: a scenario has at least `groups`"))])
    if not isinstance(root, yaml.MappingNode):
        line, _column = _position(root)
        message = _("must be a mapping: `key: value` lines{wide_mark}", wide_mark=_wide_mark(text, line))
        raise ScenarioError([Problem(file=file, line=line, message=message)])
    reader = _Reader(file)
    data = reader.value(root, (), 0)
    if reader.problems:
        raise ScenarioError(reader.problems)
    return YamlSource(file=file, data=data, positions=MappingProxyType(reader.positions))


def _wide_mark(text: str, line: int) -> str:
    """A hint at full-width punctuation in `line` or shortly before it; empty where there is none."""
    lines = text.splitlines()
    for number in range(min(line, len(lines)), max(0, line - 3), -1):
        content = lines[number - 1]
        found = first_wide(content.partition(" #")[0])
        if found is not None:
            column, mark, plain = found
            return _(
                "; line {number}, column {column} has the full-width mark {found} where YAML wants {plain}",
                number=number,
                column=column + 1,
                found=mark,
                plain=plain,
            )
    return ""


class _Reader:
    """Walks the nodes once; collects positions and problems."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._values = 0
        self.positions: dict[Path, Position] = {}
        self.problems: list[Problem] = []

    def value(self, node: yaml.Node, path: Path, depth: int) -> Any:
        self.positions.setdefault(path, _position(node))
        self._bound(node, path, depth)
        if isinstance(node, yaml.CollectionNode) and node.tag not in _PLAIN_TAGS:
            self._problem(node, path, _("the tag {tag} is not supported", tag=node.tag))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, index), depth + 1) for index, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: yaml.MappingNode, path: Path, depth: int) -> dict[str, Any]:
        data: dict[str, Any] = {}
        own: dict[str, int] = {}
        for key_node, value_node in self._entries(node, path):
            key = self._text(key_node, path)
            line = _position(key_node)[0]
            if key in own:
                self._problem(key_node, (*path, key), _("is given twice, here and in line {own}", own=own[key]))
                continue
            own[key] = line
            self.positions.setdefault((*path, key), _position(key_node))
            data[key] = self.value(value_node, (*path, key), depth + 1)
        # Own keys come first: `setdefault` keeps their values and positions.
        for merged in self._merged(node, path, depth):
            for key, value in merged.items():
                data.setdefault(key, value)
        return data

    def _entries(self, node: yaml.MappingNode, path: Path) -> list[tuple[yaml.Node, yaml.Node]]:
        entries: list[tuple[yaml.Node, yaml.Node]] = []
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._problem(key_node, path, _("a key must be plain text"))
            elif not key_node.tag.endswith(":merge"):
                entries.append((key_node, value_node))
        return entries

    def _merged(self, node: yaml.MappingNode, path: Path, depth: int) -> list[dict[str, Any]]:
        merged: list[dict[str, Any]] = []
        for key_node, value_node in node.value:
            if not key_node.tag.endswith(":merge"):
                continue
            sources = value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]
            for source in sources:
                if isinstance(source, yaml.MappingNode):
                    self._bound(source, path, depth + 1)
                    merged.append(self._mapping(source, path, depth + 1))
                else:
                    self._problem(key_node, path, _("`<<` takes a mapping (`<<: *name`)"))
        return merged

    def _bound(self, node: yaml.Node, path: Path, depth: int) -> None:
        self._values += 1
        message = None
        if self._values > MAX_VALUES:
            message = _("unfolds to more than {max_values} values", max_values=MAX_VALUES)
        elif depth > MAX_DEPTH:
            message = _("is nested too deeply")
        if message is not None:
            field = dotted(path[:3]) + " …" * (len(path) > 3)
            raise ScenarioError([Problem(file=self._file, line=_position(node)[0], field=field, message=message)])

    def _scalar(self, node: yaml.Node, path: Path) -> Any:
        kind = node.tag.rpartition(":")[2]
        text = self._text(node, path)
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() == "true"
        if kind in ("int", "float"):
            try:
                return int(text) if kind == "int" else float(text)
            except ValueError:
                self._problem(node, path, _("is not a number that can be used: it has {text:,} digits", text=len(text)))
                return None
        if kind not in ("str", "merge"):
            self._problem(node, path, _("the tag {tag} is not supported", tag=node.tag))
        return text

    def _text(self, node: yaml.Node, path: Path) -> str:
        text = str(node.value)
        if not text.isascii() and _HALF_PAIR.search(text):
            self._problem(node, path, _("holds half of a surrogate pair (\\ud800 to \\udfff), which is no character"))
            return _HALF_PAIR.sub("?", text)
        return text

    def _problem(self, node: yaml.Node, path: Path, message: str) -> None:
        problem = Problem(file=self._file, line=_position(node)[0], field=dotted(path), message=message)
        if problem not in self.problems:
            self.problems.append(problem)


def _position(node: yaml.Node) -> Position:
    mark = node.start_mark
    return mark.line + 1, mark.column + 1
