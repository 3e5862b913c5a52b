"""Reads identities from a CSV file as people and their spreadsheets write them: every problem with its line, no value.

The separator (comma, semicolon or tab) is what the header line is separated by. A file may hold a million lines, so
that it can be read in slices. Which values are right is said in `identity_values`.
"""

import csv
import io
from array import array
from collections.abc import Generator, Iterator, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Protocol

from simulator.closest import closest
from simulator.device.settings import Credentials
from simulator.scenario.identity_values import is_simple, value_problem
from simulator.scenario.problems import MAX_LISTED, Problem, ScenarioError
from simulator.texts.translation import N_, _, listed, ngettext

REQUIRED_COLUMNS = ("sn", "secretKey", "productId", "devKey")
LOGIN_COLUMNS = ("authCode", "secret")
DEVICE_SECRET_COLUMN = "deviceSecret"
COLUMNS = (*REQUIRED_COLUMNS, *LOGIN_COLUMNS, DEVICE_SECRET_COLUMN)
MAX_CSV_BYTES = 512 * 1024 * 1024
"""A million devices take about 150 MB."""
SLICE_ROWS = 2_000
"""Some milliseconds of work."""

_HEADER = ",".join(REQUIRED_COLUMNS)
_SEPARATORS = {
    ",": N_("commas"),
    ";": N_("semicolons"),
    "\t": N_("tabs"),
    "|": N_("bars"),
    "，": N_("full-width commas"),
}
_READ_SEPARATORS = ",;\t"
_BLANKS = " \t\u00a0\u3000"
"""What may stand around a value and is no part of it."""
_ENCODINGS = ((b"\xff\xfe\0\0", None), (b"\0\0\xfe\xff", None), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
"""Byte order marks, and what Python calls the encoding; None where it is none that a spreadsheet writes."""
_SAVE_AS = N_("save it as CSV in UTF-8 (in a spreadsheet: the format `CSV UTF-8`)")

Rows = Generator[None, None, list[Credentials]]


def read_text(path: Path) -> str:
    """The text of a CSV file: UTF-8, or UTF-16 with its byte order mark as spreadsheets write it.

    Raises:
        ScenarioError: If it cannot be read, or is no such text.
    """
    name = str(path)
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_CSV_BYTES + 1)
    except FileNotFoundError:
        raise _error(name, _("there is no such file")) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else _("its name is none that a file can have")
        raise _error(name, _("cannot be read: {reason}", reason=reason)) from None
    if len(content) > MAX_CSV_BYTES:
        raise _error(name, _("is larger than {max_csv_bytes} MB", max_csv_bytes=MAX_CSV_BYTES >> 20))
    encoding = next((known for mark, known in _ENCODINGS if content.startswith(mark)), "utf-8-sig")
    if encoding == "utf-8-sig" and b"\0" in content[:4] and content.count(b"\0", 0, 1000) >= len(content[:1000]) // 3:
        encoding = None
    if encoding is None:
        raise _error(name, _("is UTF-16 without its mark, or UTF-32: {right}", right=_(_SAVE_AS)), line=1)
    try:
        return content.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _error(name, _("is not UTF-8 text: {right}", right=_(_SAVE_AS)), line=line) from None


def parse(text: str, name: str) -> list[Credentials]:
    """The identities of a CSV text, in its order; see `parse_in_slices`."""
    reading = parse_in_slices(text, name)
    while True:
        try:
            next(reading)
        except StopIteration as end:
            found: list[Credentials] = end.value
            return found


def parse_in_slices(text: str, name: str, rows: int = SLICE_ROWS) -> Rows:
    """The identities of a CSV text, in its order: a generator that pauses every so many rows and returns them.

    A byte order mark is skipped, as are empty lines and blanks round values.

    Args:
        name: what problems are shown under.

    Raises:
        ScenarioError: If the header or lines are wrong; all problems are listed (as many as a person reads), with their
            lines, never with values: they could be secrets.
    """
    reading = _Reading(text.removeprefix("\ufeff"), name)
    while reading.advance(rows):
        yield
    return reading.result()


class _Reading:
    """A CSV text that is being read."""

    def __init__(self, text: str, name: str) -> None:
        self._name = name
        self._problems: list[Problem] = []
        self._unlisted = 0
        self._found: dict[str, Credentials] = {}
        self._lines = array("L")
        """The line of each of `_found`."""
        self._width = 0
        self._columns: list[tuple[str, int]] = []
        self._separator, self._skipped, self._reader = _opened(text)
        self._begins = self._skipped + 1
        """The line where the row begins that is read next."""

    def advance(self, rows: int) -> bool:
        """Read so many rows more; False when that was the end."""
        reader = self._reader
        take = itemgetter(*(index for _name, index in self._columns)) if self._columns else None
        try:
            for _row in range(rows):
                row = next(reader)
                if take is None:
                    if not self._header(row):
                        return False
                    take = itemgetter(*(index for _name, index in self._columns)) if self._columns else None
                elif len(row) != self._width or not self._take(take(row)):
                    self._row_problems(row)
                self._begins = self._skipped + reader.line_num + 1
        except StopIteration:
            return False
        except csv.Error as error:
            self._problem(_("is not valid CSV: {problem}", problem=_csv_problem(str(error))))
            return False
        return True

    def result(self) -> list[Credentials]:
        """
        Raises:
            ScenarioError: If there were problems, or not even a header.
        """
        if not self._columns and not self._problems:
            self._begins = max(1, self._skipped + self._reader.line_num)
            self._problem(_("is empty: the header is {header}", header=_HEADER))
        if self._problems:
            raise ScenarioError(self._problems, self._unlisted)
        return list(self._found.values())

    def _problem(self, message: str, field: str = "", suggestion: str | None = None) -> None:
        if len(self._problems) >= MAX_LISTED:
            self._unlisted += 1
            return
        self._problems.append(
            Problem(file=self._name, line=self._begins, field=field, message=message, suggestion=suggestion)
        )

    def _header(self, row: list[str]) -> bool:
        """Take the header row, or say what is wrong with it; False where the rest cannot be read."""
        names = [value.strip(_BLANKS) for value in row]
        if not any(names):
            return True
        for message, suggestion in _header_problems(names):
            self._problem(message, "header", suggestion)
        self._width = len(names)
        self._columns = [(name, names.index(name)) for name in COLUMNS if name in names]
        return not self._problems

    def _take(self, values: Sequence[str]) -> bool:
        """Keep a row's identity where all its values are plainly right; the columns of a login are there together."""
        if not all(map(is_simple, values)):
            values = [value.strip(_BLANKS) for value in values]
            if not all(values[: len(REQUIRED_COLUMNS)]):
                return False
            for (name, _), value in zip(self._columns, values, strict=True):
                if value and value_problem(name, value) is not None:
                    return False
        sn, secret_key, product_id, dev_key, *others = values
        device_secret = others.pop() or None if len(others) % 2 else None
        auth_code, secret = others or ("", "")
        if sn in self._found or bool(auth_code) != bool(secret):
            return False
        self._found[sn] = Credentials(
            sn=sn,
            secret_key=secret_key,
            product_id=product_id,
            dev_key=dev_key,
            auth_code=auth_code or None,
            secret=secret or None,
            device_secret=device_secret,
        )
        self._lines.append(self._begins)
        return True

    def _row_problems(self, row: list[str]) -> None:
        values = [value.strip(_BLANKS) for value in row]
        if not any(values):
            return
        if len(values) != self._width:
            self._problem(self._width_problem(values))
            return
        record = {name: values[index] for name, index in self._columns}
        for name, value in record.items():
            if not value:
                if name in REQUIRED_COLUMNS:
                    self._problem(_("is empty"), name)
            elif (message := value_problem(name, value)) is not None:
                self._problem(message, name)
        if bool(record.get("authCode")) != bool(record.get("secret")):
            self._problem(_("`authCode` and `secret` go together: give both or none"))
        sn = record["sn"]
        if sn in self._found:
            # Looked for only where it will be listed: all lines may be the same.
            listed = len(self._problems) < MAX_LISTED
            line = self._lines[list(self._found).index(sn)] if listed else 0
            self._problem(_("the same serial number is in line {line} too", line=line), "sn")

    def _width_problem(self, values: list[str]) -> str:
        told = ngettext(
            "has {number} value, but the header has {width}",
            "has {number} values, but the header has {width}",
            len(values),
            width=self._width,
        )
        if len(values) > self._width and not any(values[self._width :]):
            return _(
                "{told}: the cells behind the last column are empty; a spreadsheet has added them, delete them",
                told=told,
            )
        if len(values) == 1:
            other = next((word for mark, word in _SEPARATORS.items() if mark in values[0]), None)
            if other is not None and other != _SEPARATORS[self._separator]:
                return _(
                    "{told}: it is separated by {other}, the header by {separators}",
                    told=told,
                    other=_(other),
                    separators=_(_SEPARATORS[self._separator]),
                )
        if len(values) > self._width:
            return _("{told}: a value with the separator in it needs quotes", told=told)
        return told


class _Rows(Protocol):
    """What the csv module's readers are."""

    line_num: int

    def __next__(self) -> list[str]: ...


def _opened(text: str) -> tuple[str, int, _Rows]:
    """The separator of a text, how many lines stand before its first row, and its rows."""
    stream = io.StringIO(text, newline="")
    first = ""
    skipped = 0
    begins = 0
    for line in stream:
        if line.strip(f"{_BLANKS}\r\n{_READ_SEPARATORS}"):
            first = line
            break
        skipped += 1
        begins = stream.tell()
    told = first.strip("\r\n ").lower()
    if len(told) == 5 and told.startswith("sep=") and told[4] in _READ_SEPARATORS:
        # A line of Excel's own that says what follows.
        return told[4], skipped + 1, csv.reader(stream, strict=True, delimiter=told[4])
    stream.seek(begins)
    separator = max(_READ_SEPARATORS, key=lambda mark: _known_names(first, mark))
    return separator, skipped, csv.reader(stream, strict=True, delimiter=separator)


def _known_names(line: str, separator: str) -> int:
    return sum(_folded(part) in _FOLDED for part in line.split(separator))


def _folded(name: str) -> str:
    """What is left of a column's name without case, blanks and marks."""
    return "".join(character for character in name if character.isalnum()).lower()


_FOLDED = {_folded(name): name for name in COLUMNS}


def _header_problems(names: list[str]) -> Iterator[tuple[str, str | None]]:
    """What is wrong with a header. Only names that are ours but for their spelling are shown: others may be secrets."""
    meant = {_FOLDED[_folded(name)] for name in names if _folded(name) in _FOLDED}
    if not meant:
        others = [word for mark, word in _SEPARATORS.items() if mark not in _READ_SEPARATORS and mark in names[0]]
        if len(names) == 1 and others:
            yield (
                _("the separator must be a comma, a semicolon or a tab; this line has {others}", others=_(others[0])),
                None,
            )
            return
        yield (
            _("holds no name of a column: the first line must be the header {header}; is it missing?", header=_HEADER),
            None,
        )
        return
    for column in REQUIRED_COLUMNS:
        if column not in names:
            yield _("the column {column} is missing", column=column), None
    for number, name in enumerate(names, start=1):
        if name in COLUMNS:
            if name in names[: number - 1]:
                yield _("the column {name} is there twice", name=name), None
        elif not name:
            behind = not any(names[number - 1 :])
            where = _("behind the last: a spreadsheet has added it") if behind else _("without a name")
            yield _("column {number} is an empty one {where}; delete it", number=number, where=where), None
        elif _folded(name) in _FOLDED:
            yield (
                _("'{name}' is no column of this file; known: {columns}", name=name, columns=listed(COLUMNS)),
                _FOLDED[_folded(name)],
            )
        else:
            yield (
                _("column {number} has none of the known names: {columns}", number=number, columns=listed(COLUMNS)),
                closest(name, COLUMNS),
            )
    if "sn" in names and ("authCode" in names) != ("secret" in names):
        yield _("`authCode` and `secret` go together: give both columns or none"), None


def _csv_problem(text: str) -> str:
    """The csv module's message in words that say what to look for; it never holds a value."""
    if "unexpected end of data" in text:
        return _("a quotation mark is opened and never closed")
    if "expected after" in text:
        return _("something follows a closing quotation mark; a quotation mark within a value is doubled")
    if "field larger" in text:
        return _("a value without end; is a quotation mark not closed?")
    return text


def _error(name: str, message: str, line: int | None = None) -> ScenarioError:
    return ScenarioError([Problem(file=name, line=line, message=message)])
