"""The project's own MQTT client behind the interface of `fleets`; a connection has one quality of service for all."""

import asyncio
from collections.abc import Callable

from benchmarks.mqtt.fleets import OPEN_S, Fleet, Setting, client_id, down, up
from simulator.clock import SystemClock, TimerQueue
from simulator.loop_timers import LoopTimers
from simulator.mqtt.client import connect
from simulator.mqtt.connection import MqttConnection
from simulator.mqtt.login import ClientState, Login


class _Handler:
    __slots__ = ("_number", "_received")

    def __init__(self, number: int, received: Callable[[int], None]) -> None:
        self._number = number
        self._received = received

    def opened(self, connection: MqttConnection) -> None:
        pass

    def message(self, payload: bytes, binary: bool) -> None:
        self._received(self._number)

    def closed(self, ending: str, reason: str, detail: str, /) -> None:
        pass


class OwnFleet(Fleet):
    """With one state a client and one queue of timers for all, as in an engine."""

    qos: int

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._connections: dict[int, MqttConnection] = {}
        self._states: dict[int, ClientState] = {}
        self._timers = TimerQueue(SystemClock())
        LoopTimers(self._timers).start(asyncio.get_running_loop())

    async def open(self, number: int) -> None:
        self._states[number] = ClientState(_nothing)
        await self.again(number)

    async def again(self, number: int) -> None:
        setting = self.setting
        login = Login(
            client_id=client_id(number),
            up=up(number),
            down=down(number),
            qos=self.qos,
            keep_alive=setting.keep_alive,
            clean_session=setting.clean_session,
        )
        connection = await connect(
            f"mqtt://127.0.0.1:{setting.mqtt}",
            _Handler(number, setting.received),
            login=login,
            state=self._states[number],
            timers=self._timers,
            ssl=None,
            max_size=64 * 1024,
            open_timeout=OPEN_S,
        )
        if connection.needs_subscription:
            await connection.subscribe()
        self._connections[number] = connection

    def send(self, number: int, payload: bytes, qos: int) -> None:
        self._connections[number].send(payload, False)


class OwnQos0Fleet(OwnFleet):
    name, qos, qualities = "own-qos0", 0, (0,)


class OwnQos1Fleet(OwnFleet):
    name, qos, qualities = "own-qos1", 1, (1,)


def _nothing(sent: float, taken: bool) -> None:
    pass
