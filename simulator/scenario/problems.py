"""What is wrong with a scenario or its identities: every problem with its place, and all of them at once."""

from collections.abc import Sequence
from dataclasses import dataclass

from simulator.shown import label, printable
from simulator.texts.translation import _

MAX_LISTED = 100
"""Problems that are listed: more than a person mends in one go, few enough for any terminal."""


_LONGEST = 500
"""Characters of one problem: room for a list of known keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong, and where.

    `field` is the path in the file (`groups[1].verifications[0].rate`), `line` counts from 1; both are absent where
    the file as a whole is meant.
    """

    file: str
    message: str
    line: int | None = None
    field: str = ""
    suggestion: str | None = None

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        field = f"{self.field}: " if self.field else ""
        hint = _(" (did you mean {suggestion}?)", suggestion=self.suggestion) if self.suggestion else ""
        message = printable(self.message)
        if len(message) > _LONGEST:
            message = f"{message[:_LONGEST]}… ({len(message):,} characters)"
        return f"{printable(f'{place}: {field}')}{message}{hint}"


class ScenarioError(Exception):
    """A scenario (or the identities it names) cannot be used; `problems` lists everything that is wrong with it.

    No more than `MAX_LISTED` are listed, and how many more there are.

    Args:
        unlisted: problems that were counted only.
    """

    def __init__(self, problems: Sequence[Problem], unlisted: int = 0) -> None:
        found = sorted(problems, key=lambda problem: (problem.file, problem.line or 0))
        self.problems: tuple[Problem, ...] = tuple(found[:MAX_LISTED])
        self.unlisted = unlisted + len(found) - len(self.problems)
        lines = [str(problem) for problem in self.problems]
        if self.unlisted:
            lines.append(
                printable(
                    _("{file}: {unlisted:,} more problems are not listed", file=found[-1].file, unlisted=self.unlisted)
                )
            )
        super().__init__("\n".join(lines))


def dotted(path: Sequence[str | int]) -> str:
    """`groups[0].name` for `("groups", 0, "name")`; a key that is no name of ours is made fit to be shown."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            name = label(part)
            text += f".{name}" if text else name
    return text
