"""What goes along with the indexes that a worker is granted: who those devices are, and the logins of earlier runs.

A worker runs a part of the fleet only, and which part shows as it goes. It is told of a device with the index, and
forgets its secrets when it gives the index back.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from simulator.device.settings import Credentials
from simulator.fleet.identities import IdentitySource
from simulator.fleet.warm_state import Login

IDENTITIES = "identities"
LOGINS = "logins"


def parcel(
    indexes: Iterable[int],
    identities: IdentitySource,
    logins: Mapping[str, tuple[str, str]],
    *,
    listed: bool,
) -> dict[str, Any]:
    """What a worker must know of the devices of `indexes`, in plain values; there are secrets in it.

    Args:
        logins: authCode and secret of earlier runs by serial number.
        listed: a worker cannot make the identities itself.
    """
    granted = list(indexes)
    found: dict[str, Any] = {}
    if listed:
        found[IDENTITIES] = [[index, *_values(identities.at(index))] for index in granted]
    if logins:
        named = ((index, identities.sn(index)) for index in granted)
        found[LOGINS] = [[index, sn, *logins[sn]] for index, sn in named if sn in logins]
    return found


def _values(one: Credentials) -> tuple[str | None, ...]:
    return one.sn, one.secret_key, one.product_id, one.dev_key, one.auth_code, one.secret, one.device_secret


class TravelledIdentities(IdentitySource):
    """The identities that a worker was told, by the index in its fleet.

    Serial numbers stay known, so that it can be shown what became of a device. Asked for others, `at` and `sn` raise
    IndexError.

    Args:
        total: devices of the fleet.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._values: dict[int, Sequence[str | None]] = {}
        self._sns: dict[int, str] = {}
        self._places: dict[str, int] = {}

    def __repr__(self) -> str:
        return f"TravelledIdentities({len(self._values)} of {self._total})"

    def learn(self, index: int, values: Sequence[str | None]) -> None:
        """Take what `parcel` says of a device."""
        sn = str(values[0])
        self._values[index] = values
        self._sns[index] = sn
        self._places[sn] = index

    def forget(self, index: int) -> None:
        """Keep no secret of a device any more; harmless where there is none."""
        self._values.pop(index, None)

    @property
    def available(self) -> int | None:
        return self._total

    @property
    def name(self) -> str:
        return "what the master told"

    def at(self, index: int) -> Credentials:
        values = self._values.get(index)
        if values is None:
            raise IndexError(f"this worker was not told who device {index} is")
        sn, secret_key, product_id, dev_key, auth_code, secret, device_secret = values
        return Credentials(
            sn=str(sn),
            secret_key=str(secret_key),
            product_id=str(product_id),
            dev_key=str(dev_key),
            auth_code=auth_code,
            secret=secret,
            device_secret=device_secret,
        )

    def sn(self, index: int) -> str:
        sn = self._sns.get(index)
        if sn is None:
            raise IndexError(f"this worker was not told who device {index} is")
        return sn

    def knows(self, index: int) -> bool:
        return index in self._sns

    def place(self, sn: str) -> int | None:
        return self._places.get(sn)

    def find(self, sn: str) -> Credentials | None:
        index = self._places.get(sn)
        return None if index is None or index not in self._values else self.at(index)


class Travelled:
    """A worker's side: what it was told of the devices whose indexes it holds. Its engine reads on another thread.

    Args:
        total: devices of the fleet.
        listed: the identities are not made from the seed.
    """

    def __init__(self, total: int, *, listed: bool) -> None:
        self.identities = TravelledIdentities(total) if listed else None
        """None where this process makes them itself."""
        self.logins: dict[str, Login] = {}
        self._with_login: dict[int, str] = {}

    def unpack(self, told: Mapping[str, Any], granted: Iterable[int]) -> None:
        """Take what a message brings of the indexes that are granted by it, and nothing of others.

        The master repeats itself until it knows that it was heard, also of indexes that are given back by now.
        """
        new = set(granted)
        if self.identities is not None:
            for index, *values in told.get(IDENTITIES, ()):
                if index in new:
                    self.identities.learn(index, values)
        for index, sn, auth_code, secret in told.get(LOGINS, ()):
            if index in new:
                self.logins[sn] = Login(auth_code, secret)
                self._with_login[index] = sn

    def forget(self, indexes: Iterable[int]) -> None:
        """These are given back; their devices are closed."""
        for index in indexes:
            if self.identities is not None:
                self.identities.forget(index)
            if (sn := self._with_login.pop(index, None)) is not None:
                self.logins.pop(sn, None)
