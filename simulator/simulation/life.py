"""One device of the simulation over all its lives: switched on, cut off from power, made anew with what a run keeps."""

import random
from collections.abc import Callable, Mapping
from dataclasses import replace

from simulator.device.device import Device
from simulator.device.environment import Environment
from simulator.device.settings import DeviceSpec, Start
from simulator.fleet.record_store import RecordStore
from simulator.measurements.names import (
    ACKNOWLEDGED,
    GENERATED,
    LOST,
    PHOTO_ACKNOWLEDGED,
    PHOTO_GENERATED,
    PHOTO_LOST,
    PHOTO_REFUSED,
    PHOTO_REJECTED,
    REFUSED,
    REJECTED,
    DeviceState,
)
from simulator.simulation.account import Account
from simulator.simulation.network import DeviceNetwork
from simulator.simulation.packets import PacketWatch
from simulator.texts.told import Told
from simulator.weather.kinds import Misbehave


class _WatchedDevice(Device):
    """A device as it is, which also says which commands it has carried out."""

    __slots__ = ("_account",)

    def __init__(
        self, env: Environment, spec: DeviceSpec, account: Account, *, on_finished: Callable[[], None]
    ) -> None:
        self._account = account
        super().__init__(env, spec, on_finished=on_finished)

    def command_applied(self, func_id: str) -> None:
        self._account.command_applied(func_id)
        super().command_applied(func_id)


class Logins:
    """The `CredentialStore` of one device: what it keeps where power cannot take it."""

    def __init__(self) -> None:
        self.held: tuple[str, str] | None = None

    def granted(self, sn: str, auth_code: str, secret: str) -> None:
        self.held = (auth_code, secret)

    def forgotten(self, sn: str) -> None:
        self.held = None


class Life:
    """A device and what survives it.

    Args:
        env: with `Logins` and `RecordStore` as its stores.
        network: of `env`, as the weather sees it.
        watch: of its packets.
    """

    def __init__(
        self,
        spec: DeviceSpec,
        env: Environment,
        network: DeviceNetwork,
        watch: PacketWatch,
        account: Account,
        logins: Logins,
    ) -> None:
        self._spec = spec
        self._env = env
        self._logins = logins
        self.network = network
        self.watch = watch
        self.account = account
        self.store = RecordStore()
        env.unsent = self.store
        self.device: Device | None = None
        self._faults = 0
        """Under way, of those that have the device misbehave."""

    @property
    def sn(self) -> str:
        """Its serial number."""
        return self._spec.credentials.sn

    @property
    def state(self) -> DeviceState:
        """Where it is; OFFLINE before it is made."""
        return DeviceState.OFFLINE if self.device is None else self.device.state

    def switch_on(self) -> None:
        """Make the device with what the run has kept of it, unless there is one."""
        if self.device is not None:
            return
        spec = self._spec
        if self._logins.held is not None:
            auth_code, secret = self._logins.held
            held = replace(spec.credentials, auth_code=auth_code, secret=secret)
            spec = replace(spec, credentials=held, settings=replace(spec.settings, start=Start.WARM))
        self._begin()
        self.device = _WatchedDevice(self._env, spec, self.account, on_finished=_nothing)
        self.device.start()

    def kill(self) -> bool:
        """The process that the device lives in is gone, but for what it had written down. False where it was gone."""
        device, self.device = self.device, None
        if device is None:
            return False
        self._end()
        device.abort()
        return True

    def power_cut(self, *, unsent_lost: bool) -> bool:
        """End the life at once: nobody is told. The store is kept or lost. False where there was no power."""
        device = self.device
        if device is None or device.state is DeviceState.UNPOWERED:
            return False
        self._end()
        device.lose_power(unsent_lost=unsent_lost)
        return True

    def power_back(self) -> None:
        """Begin another life of the same device, where that is without power."""
        if self.device is not None and self.device.state is DeviceState.UNPOWERED:
            self._begin()
            self.device.power_back()

    def misbehave(self, kind: Misbehave, rng: random.Random) -> None:
        """Do what the document forbids, until `behave` was called as often."""
        self._faults += 1
        self.network.several = self.account.misbehaving = True
        if self.device is not None:
            self.device.misbehave(kind.ways, kind.rate, rng)

    def behave(self) -> None:
        """Misbehave no more; what was begun comes to its outcome."""
        self._faults -= 1
        if self.device is not None:
            self.device.behave()
        if not self._faults:
            patience = 2 * self._spec.settings.request_timeout
            self._env.timers.call_later(patience, self._outcomes_known)

    def _outcomes_known(self) -> None:
        if not self._faults:
            self.network.several = self.account.misbehaving = False

    def _end(self) -> None:
        self.network.power_gone()
        self.watch.device_forgets()

    def _begin(self) -> None:
        self.account.new_life()
        self.network.powered()

    def unaccounted(self) -> list[str]:
        """What is wrong with the accounts of records and pictures, as texts."""
        counts, store = self.account.records, self.store
        found: list[str] = []
        known = counts[ACKNOWLEDGED] + counts[REFUSED] + counts[REJECTED] + counts[LOST] + store.records
        if counts[GENERATED] != known:
            found.append(
                Told(
                    "{generated} records were generated, {known} are known: acknowledged {acknowledged}, "
                    "refused {refused}, rejected {rejected}, pending {pending}, lost with a store {lost}",
                    generated=counts[GENERATED],
                    known=known,
                    acknowledged=counts[ACKNOWLEDGED],
                    refused=counts[REFUSED],
                    rejected=counts[REJECTED],
                    pending=store.records,
                    lost=counts[LOST],
                )
            )
        known = counts[PHOTO_ACKNOWLEDGED] + counts[PHOTO_REFUSED] + counts[PHOTO_REJECTED]
        known += counts[PHOTO_LOST] + store.photos
        if counts[PHOTO_GENERATED] != known:
            found.append(
                Told("{taken} pictures were taken, {known} are known", taken=counts[PHOTO_GENERATED], known=known)
            )
        if self.device is not None and self.device.delivery.outbox.pending != store.records:
            found.append(
                Told(
                    "{waiting} records wait, {stored} are stored",
                    waiting=self.device.delivery.outbox.pending,
                    stored=store.records,
                )
            )
        known = self.account.publishes_known + self.watch.unacknowledged
        if self.watch.first_sent != known:
            found.append(
                Told(
                    "{published} messages were published, {known} are known",
                    published=self.watch.first_sent,
                    known=known,
                )
            )
        if len(self.account.acknowledged) != counts[ACKNOWLEDGED]:
            found.append(
                Told(
                    "{arrived} acknowledgements of records arrived, {counted} were counted",
                    arrived=len(self.account.acknowledged),
                    counted=counts[ACKNOWLEDGED],
                )
            )
        return found

    def missing(self, has: Callable[[str, str], bool]) -> list[str]:
        """What is not in the ledger of the records that were acknowledged since the last look, as texts."""
        fresh, self.account.unchecked = self.account.unchecked, []
        return [
            Told("record {log_id} was acknowledged and is not there", log_id=log_id)
            for log_id in fresh
            if not has(self.sn, log_id)
        ]

    def differences(self, kept: Mapping[str, Mapping[str, str]]) -> list[str]:
        """What is wrong with all that the ledger keeps of the device, by logId, as texts."""
        found: list[str] = []
        for log_id, entry in self.account.acknowledged.items():
            there = kept.get(log_id)
            if there is None:
                found.append(Told("record {log_id} was acknowledged and is missing at the end", log_id=log_id))
            elif any(entry.get(name) != value for name, value in there.items()):
                found.append(
                    Told("record {log_id} is kept otherwise than it was sent: {there}", log_id=log_id, there=there)
                )
        unsent = [log_id for log_id in kept if log_id not in self.account.ever_sent]
        if unsent:
            found.append(
                Told(
                    "{count} records are kept that were never sent, such as {log_id}",
                    count=len(unsent),
                    log_id=unsent[0],
                )
            )
        # A record that was given up, or lost with a store, may have arrived all the same.
        most = self.account.records[GENERATED] - self.account.records[REFUSED]
        if len(kept) > most:
            found.append(
                Told("{kept} records are kept and {made} were made: some are there twice", kept=len(kept), made=most)
            )
        return found


def _nothing() -> None:
    """Nobody waits for the end."""
