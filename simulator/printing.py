"""Printing that never ends a program: what any command prints goes through streams that were made safe here.

A terminal may not know the characters of our tables (Latin-1, ASCII, code page 1252); then lookalikes are printed. The
reader of a pipe may leave (`| head`), a disk may be full; then what is printed is lost, the program goes on to its end,
and its exit code says what it had to say.
"""

import codecs
import errno
import io
import logging
import os
import sys
from types import MappingProxyType
from typing import IO, Any, Final, TypeVar

from simulator.exit_codes import ExitCode

LOOKALIKES: Final = MappingProxyType(
    {
        "→": "->",
        "←": "<-",
        "↑": "^",
        "↓": "v",
        "–": "-",
        "—": "-",
        "…": "...",
        "×": "x",
        "·": ".",
        "•": "*",
        "≤": "<=",
        "≥": ">=",
        "≠": "!=",
        "±": "+-",
        "∞": "inf",
        "µ": "u",
        "μ": "u",
        "§": "section ",
        "█": "#",
        "▓": "#",
        "▒": ":",
        "░": ".",
        "✓": "ok",
        "✔": "ok",
        "✗": "x",
        "✘": "x",
        "‘": "'",
        "’": "'",
        "“": '"',
        "”": '"',
        "„": '"',
        "\u00a0": " ",
        "\u2009": " ",
        "\u202f": " ",
        "─": "-",
        "━": "-",
        "═": "=",
        "│": "|",
        "┃": "|",
        "║": "|",
        "╴": "-",
        "╶": "-",
        "╸": "-",
        "╺": "-",
    }
)
"""What is printed for a character that a terminal does not know; all others are written as escapes (`\\u4e2d`)."""
ERRORS: Final = "best-fleet"
"""The name of the error handler that does it, for Python's codecs."""
_BOX: Final = range(0x2500, 0x2580)


def _lookalikes(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_plain, error.object[error.start : error.end])), error.end


def _plain(character: str) -> str:
    if (found := LOOKALIKES.get(character)) is not None:
        return found
    if ord(character) in _BOX:
        return "+"
    return character.encode("ascii", "backslashreplace").decode("ascii")


codecs.register_error(ERRORS, _lookalikes)
_Stream = TypeVar("_Stream")


class _Unfailing(io.FileIO):
    """A file whose writing never raises. Every write is tried; `problem` is the first that failed."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "wb", closefd=False)
        self.problem: OSError | None = None

    def write(self, data: Any, /) -> int:
        view = memoryview(data).cast("B")
        size, done = view.nbytes, 0
        while done < size:
            try:
                written = super().write(view[done:])
            except OSError as error:
                self.problem = self.problem or error
                break
            if written is None:
                # Whoever we share the pipe with does not want to wait for its reader; we do.
                os.set_blocking(self.fileno(), True)
            done += written or 0
        return size


def safe(stream: _Stream) -> _Stream:
    """`stream` itself, which from now on prints lookalikes of characters that it does not know."""
    if isinstance(stream, io.TextIOWrapper) and stream.errors != ERRORS:
        stream.reconfigure(errors=ERRORS)
    return stream


def install() -> None:
    """Make standard output and standard error safe, for whoever prints in this process. Harmless when done again."""
    before = {id(stream): name for name in ("stdout", "stderr") if (stream := getattr(sys, name)) is not None}
    for name in ("stdout", "stderr"):
        setattr(sys, name, _unfailing(getattr(sys, name)))
    for handler in _handlers():
        if (standard := before.get(id(handler.stream))) is not None:
            handler.setStream(getattr(sys, standard))
        else:
            safe(handler.stream)


def problem_of(stream: IO[str]) -> OSError | None:
    """Why something that was printed on `stream` is lost; None if nothing is, or if its reader did not want it."""
    try:
        stream.flush()
    except (OSError, ValueError):
        return None
    raw = _raw(stream)
    found = raw.problem if isinstance(raw, _Unfailing) else None
    return None if found is None or found.errno == errno.EPIPE else found


def exit_code(code: int) -> int:
    """The code to end with: `code`, but for a command that passed and whose output is lost, which is told."""
    if sys.stdout is None or (problem := problem_of(sys.stdout)) is None:
        return code
    text = f"best-fleet: standard output could not be written: {problem.strerror}"
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - the one place that may
    return ExitCode.INVALID if code == ExitCode.PASSED else code


def _unfailing(stream: Any) -> Any:
    if stream is None:
        # Closed by whoever started us (`>&-`); nothing that prints asks for that.
        return open(os.devnull, "w", encoding="utf-8", errors=ERRORS)
    raw = _raw(stream)
    if type(raw) is not io.FileIO or type(stream) is not io.TextIOWrapper:
        return safe(stream)
    stream.flush()
    unfailing = _Unfailing(raw.fileno())
    # `python -u` has no buffer either.
    buffer: Any = unfailing if stream.buffer is raw else io.BufferedWriter(unfailing)
    return io.TextIOWrapper(
        buffer,
        encoding=stream.encoding,
        errors=ERRORS,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def _raw(stream: Any) -> Any:
    buffer = getattr(stream, "buffer", None)
    return getattr(buffer, "raw", buffer)


def _handlers() -> list["logging.StreamHandler[Any]"]:
    loggers = [logging.getLogger(), *(found for found in logging.root.manager.loggerDict.values())]
    found = [handler for logger in loggers if isinstance(logger, logging.Logger) for handler in logger.handlers]
    return [handler for handler in found if isinstance(handler, logging.StreamHandler)]
