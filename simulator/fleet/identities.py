"""Who the devices are: serial numbers and the secrets of the factory, made from the seed or read from a CSV.

Generated identities need no file: both sides derive the same secrets from the scenario's seed and the serial number,
so that the embedded platform knows every device of the fleet. They are for testing only.
"""

import csv
import hashlib
import hmac
import io
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path

from simulator.device.settings import Credentials
from simulator.fleet import identity_csv
from simulator.fleet.identity_csv import DEVICE_SECRET_COLUMN, LOGIN_COLUMNS, REQUIRED_COLUMNS
from simulator.scenario.problems import Problem, ScenarioError
from simulator.scenario.scenario import Scenario
from simulator.texts.translation import _


class IdentitySource(ABC):
    """The identities of a fleet, by index from 0 and by serial number."""

    @property
    @abstractmethod
    def available(self) -> int | None:
        """How many there are; `None` where they are made as needed."""

    @abstractmethod
    def at(self, index: int) -> Credentials:
        """The credentials of device `index`.

        Raises:
            IndexError: If there are not so many.
        """

    def sn(self, index: int) -> str:
        """The serial number of device `index`, as `at` has it, without the rest."""
        return self.at(index).sn

    def knows(self, index: int) -> bool:
        """Whether `sn` can tell who device `index` is."""
        return index >= 0 and (self.available is None or index < self.available)

    @abstractmethod
    def place(self, sn: str) -> int | None:
        """The index of a serial number; `None` where it is no device of this fleet."""

    @abstractmethod
    def find(self, sn: str) -> Credentials | None:
        """The credentials that belong to a serial number; `None` where it is no device of this fleet."""

    def require(self, needed: int) -> None:
        """Make sure that the fleet has enough identities, before anything connects.

        Raises:
            ScenarioError: If there are fewer than `needed`.
        """
        if self.available is not None and self.available < needed:
            message = _(
                "holds {available} identities, but the fleet has {needed} devices",
                available=self.available,
                needed=needed,
            )
            raise ScenarioError([Problem(file=self.name, message=message)])

    @property
    @abstractmethod
    def name(self) -> str:
        """Where the identities come from, for messages."""

    def csv_lines(self, count: int) -> Iterator[str]:
        """The first `count` identities as lines of a CSV with header (for `write_csv`)."""
        credentials = [self.at(index) for index in range(count)]
        warm = any(one.auth_code and one.secret for one in credentials)
        signing = any(one.device_secret for one in credentials)
        yield _csv_line((*REQUIRED_COLUMNS, *(LOGIN_COLUMNS * warm), *((DEVICE_SECRET_COLUMN,) * signing)))
        for one in credentials:
            known = (one.sn, one.secret_key, one.product_id, one.dev_key)
            login = (one.auth_code or "", one.secret or "")
            yield _csv_line((*known, *(login * warm), *((one.device_secret or "",) * signing)))

    def write_csv(self, path: Path, count: int) -> None:
        """Write the first `count` identities into a new file that only its owner can read.

        Raises:
            FileExistsError: If there is a file already; a platform may have been provisioned with it.
            OSError: If it cannot be written; nothing is left of it.
        """
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with open(descriptor, "w", encoding="utf-8", newline="") as stream:
                stream.writelines(self.csv_lines(count))
        except BaseException:
            path.unlink(missing_ok=True)
            raise


class GeneratedIdentities(IdentitySource):
    """Identities made from the seed: as many as needed, always the same."""

    def __init__(
        self, seed: int, pattern: str = "BEST{index:06d}", first: int = 1, product_id: str | None = None
    ) -> None:
        self._key = f"best-fleet identities {seed}".encode()
        self._pattern = pattern
        self._first = first
        self._prefix, _, rest = pattern.partition("{")
        self._suffix = rest.partition("}")[2]
        self._product_id = product_id or self._derive("productId", "")

    def __repr__(self) -> str:
        return f"GeneratedIdentities({self._pattern!r}, first={self._first})"

    @property
    def available(self) -> int | None:
        return None

    @property
    def name(self) -> str:
        return _("pattern {pattern}", pattern=self._pattern)

    def at(self, index: int) -> Credentials:
        if index < 0:
            raise IndexError(f"no device has the index {index}")
        return self._credentials(self._pattern.format(index=self._first + index))

    def sn(self, index: int) -> str:
        return self._pattern.format(index=self._first + index)

    def place(self, sn: str) -> int | None:
        digits = sn[len(self._prefix) : len(sn) - len(self._suffix)]
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
            return None
        number = int(digits)
        if number < self._first or self._pattern.format(index=number) != sn:
            return None
        return number - self._first

    def find(self, sn: str) -> Credentials | None:
        return None if self.place(sn) is None else self._credentials(sn)

    def _credentials(self, sn: str) -> Credentials:
        return Credentials(
            sn=sn,
            secret_key=self._derive("secretKey", sn),
            product_id=self._product_id,
            dev_key=self._derive("devKey", sn),
        )

    def _derive(self, purpose: str, sn: str) -> str:
        """32 hex digits; the same for the same seed, purpose and serial number."""
        return hmac.new(self._key, f"{purpose}\0{sn}".encode(), hashlib.sha256).hexdigest()[:32]


class ListedIdentities(IdentitySource):
    """Identities from a CSV, in its order."""

    def __init__(self, name: str, credentials: Sequence[Credentials]) -> None:
        self._name = name
        self._credentials = tuple(credentials)
        self._places = {one.sn: index for index, one in enumerate(self._credentials)}

    def __repr__(self) -> str:
        return f"ListedIdentities({self._name!r}, {len(self._credentials)} identities)"

    @property
    def available(self) -> int | None:
        return len(self._credentials)

    @property
    def name(self) -> str:
        return self._name

    def at(self, index: int) -> Credentials:
        if index < 0:
            raise IndexError(f"no device has the index {index}")
        return self._credentials[index]

    def place(self, sn: str) -> int | None:
        return self._places.get(sn)

    def find(self, sn: str) -> Credentials | None:
        place = self._places.get(sn)
        return None if place is None else self._credentials[place]


def identities_of(scenario: Scenario, csv_file: Path | None = None) -> IdentitySource:
    """The identities that a scenario names; `csv_file` (the command line's) goes before them.

    Raises:
        ScenarioError: If the CSV has problems; all are listed.
    """
    path = csv_file or scenario.identities_file
    return generated_identities(scenario) if path is None else read_identities(path)


def generated_identities(scenario: Scenario) -> GeneratedIdentities:
    """The identities that a scenario's seed makes, whatever CSV file it names."""
    section = scenario.document.identities
    return GeneratedIdentities(scenario.seed, section.sn, section.first, section.product_id)


def read_identities(path: Path) -> ListedIdentities:
    """The identities of a CSV file.

    Raises:
        ScenarioError: If it cannot be read or has problems; all are listed, with their lines.
    """
    return parse_identities(identity_csv.read_text(path), str(path))


def parse_identities(text: str, name: str) -> ListedIdentities:
    """The identities of a CSV text; see `identity_csv`, which reads it in slices too.

    Raises:
        ScenarioError: If the header or lines are wrong; all problems are listed, with their lines, never with values
            that could be secrets.
    """
    return ListedIdentities(name, identity_csv.parse(text, name))


def _csv_line(values: Sequence[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(values)
    return buffer.getvalue()
