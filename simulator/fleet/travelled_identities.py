"""Identities that the master has read and checked, as they reach a worker: lines, taken apart one by one when needed.

A worker starts a part of the fleet only. To read 250,000 lines as `identities.parse_identities` does takes seconds for
each of the workers of a machine, and not one line could be wrong.
"""

from simulator.device.settings import Credentials
from simulator.fleet.identities import IdentitySource, parse_identities


class TravelledIdentities(IdentitySource):
    """Identities of a text that `IdentitySource.csv_lines` made, without quotes."""

    def __init__(self, text: str, name: str) -> None:
        header, *self._lines = text.removesuffix("\n").split("\n")
        self._columns = header.split(",")
        self._name = name

    def __repr__(self) -> str:
        return f"TravelledIdentities({self._name!r}, {len(self._lines)} identities)"

    @property
    def available(self) -> int | None:
        return len(self._lines)

    @property
    def name(self) -> str:
        return self._name

    def at(self, index: int) -> Credentials:
        if index < 0:
            raise IndexError(f"no device has the index {index}")
        record = dict(zip(self._columns, self._lines[index].split(","), strict=True))
        return Credentials(
            sn=record["sn"],
            secret_key=record["secretKey"],
            product_id=record["productId"],
            dev_key=record["devKey"],
            auth_code=record.get("authCode") or None,
            secret=record.get("secret") or None,
            device_secret=record.get("deviceSecret") or None,
        )

    def sn(self, index: int) -> str:
        if index < 0:
            raise IndexError(f"no device has the index {index}")
        return self._lines[index].partition(",")[0]

    def place(self, sn: str) -> int | None:
        """As `IdentitySource.place`, by a look at every line: no worker asks."""
        start = f"{sn},"
        return next((index for index, line in enumerate(self._lines) if line.startswith(start)), None)

    def find(self, sn: str) -> Credentials | None:
        index = self.place(sn)
        return None if index is None else self.at(index)


def travelled_identities(text: str, name: str) -> IdentitySource:
    """The identities of `csv_lines`' text.

    Raises:
        ScenarioError: If the text has quotes and is wrong, which the master would have found.
    """
    # Only a value with a comma, a quote or a line break in it is written in quotes.
    return parse_identities(text, name) if '"' in text else TravelledIdentities(text, name)
