"""Topic filters (standard, 4.7): which topics they take in, and a tree that finds those of one topic.

That they are valid has been checked.
"""

from typing import Final, Generic, TypeVar

MOST_LEVELS: Final = 200
"""Of a filter that is kept; as mosquitto. A topic of 64 KB could have 65,536 of them, each a node of the tree."""
_MOST_FOUND: Final = 100_000
"""Topics whose receivers are known; somebody who makes up topics must not fill the memory with them."""
_LONGEST_FOUND: Final = 256
"""Characters of such a topic."""

T = TypeVar("T")


def matches(text: str, topic: str) -> bool:
    """Whether a valid filter takes in a valid topic; a wildcard at its beginning leaves `$` topics alone (4.7.2)."""
    wanted, levels = text.split("/"), topic.split("/")
    if topic[0] == "$" and wanted[0] in ("+", "#"):
        return False
    for at, level in enumerate(wanted):
        if level == "#":
            return True
        if at == len(levels) or level not in ("+", levels[at]):
            return False
    return len(wanted) == len(levels)


class FilterTree(Generic[T]):
    """Filters and who has them, each with a quality of service; finding those of a topic costs its levels.

    Filters without a wildcard, which are nearly all, stand in one table by themselves.
    """

    __slots__ = ("_exact", "_found", "_root")

    def __init__(self) -> None:
        self._exact: dict[str, dict[T, int]] = {}
        self._root: _Node[T] = _Node()
        # By topic, until a filter that may concern it changes: a device's topics are asked for again and again.
        self._found: dict[str, tuple[tuple[T, int], ...]] = {}

    def add(self, text: str, who: T, qos: int) -> None:
        """`who` has the valid filter `text` from now on, instead of an earlier one of the same text."""
        if not _has_wildcard(text):
            self._exact.setdefault(text, {})[who] = qos
            self._found.pop(text, None)
            return
        self._found.clear()
        node = self._root
        levels = text.split("/")
        goes_on = levels[-1] == "#"
        for level in levels[:-1] if goes_on else levels:
            child = node.children.get(level)
            if child is None:
                child = node.children[level] = _Node()
            node = child
        (node.rest if goes_on else node.ends)[who] = qos

    def remove(self, text: str, who: T) -> None:
        """`who` has the filter no more. Harmless where it had none."""
        if not _has_wildcard(text):
            holders = self._exact.get(text)
            if holders is not None:
                holders.pop(who, None)
                self._found.pop(text, None)
                if not holders:
                    del self._exact[text]
            return
        self._found.clear()
        levels = text.split("/")
        goes_on = levels[-1] == "#"
        path: list[tuple[_Node[T], str]] = []
        node = self._root
        for level in levels[:-1] if goes_on else levels:
            child = node.children.get(level)
            if child is None:
                return
            path.append((node, level))
            node = child
        (node.rest if goes_on else node.ends).pop(who, None)
        for parent, level in reversed(path):
            if not parent.children[level].is_empty:
                return
            del parent.children[level]

    def match(self, topic: str) -> tuple[tuple[T, int], ...]:
        """Who has a filter that takes in `topic`, with the highest quality of service of all such filters of theirs."""
        found = self._found.get(topic)
        if found is None:
            found = tuple(self._search(topic).items())
            if len(topic) <= _LONGEST_FOUND:
                if len(self._found) >= _MOST_FOUND:
                    self._found.clear()
                self._found[topic] = found
        return found

    def _search(self, topic: str) -> dict[T, int]:
        root = self._root
        found = dict(self._exact.get(topic, ()))
        if root.is_empty:
            return found
        nodes = [root]
        # A wildcard in the first level leaves topics alone that begin with `$`.
        wild = topic[0] != "$"
        for level in topic.split("/"):
            reached = []
            for node in nodes:
                if wild:
                    if node.rest:
                        _merge(found, node.rest)
                    child = node.children.get("+")
                    if child is not None:
                        reached.append(child)
                child = node.children.get(level)
                if child is not None:
                    reached.append(child)
            if not reached:
                return found
            nodes = reached
            wild = True
        for node in nodes:
            _merge(found, node.ends)
            # `a/#` takes in `a` too (4.7.1.2).
            _merge(found, node.rest)
        return found


class _Node(Generic[T]):
    """The filters that have the same levels so far."""

    __slots__ = ("children", "ends", "rest")

    def __init__(self) -> None:
        self.children: dict[str, _Node[T]] = {}
        self.ends: dict[T, int] = {}
        self.rest: dict[T, int] = {}
        """Those that go on with `#`."""

    @property
    def is_empty(self) -> bool:
        return not (self.children or self.ends or self.rest)


def _merge(found: dict[T, int], more: dict[T, int]) -> None:
    for who, qos in more.items():
        if found.get(who, -1) < qos:
            found[who] = qos


def _has_wildcard(text: str) -> bool:
    return "+" in text or "#" in text
