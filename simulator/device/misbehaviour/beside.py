"""A WebSocket connection beside the device's own, which goes as far as the exchange and never logs in.

The device's own one goes on: a serial number is online twice only where it logs in twice.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from simulator.device import initial_flow
from simulator.device.channel_context import context_of
from simulator.device.end_reason import EndReason
from simulator.device.environment import Connection, NetworkError
from simulator.device.initial_flow import FlowFailed
from simulator.device.misbehaviour.aside import NOTHING, Said
from simulator.device.misbehaviour.ground import Ground, NotNow
from simulator.device.misbehaviour.unheard import Unheard
from simulator.device.online import Online
from simulator.device.replies import Reply
from simulator.device.session import Session
from simulator.device.witness import Witness
from simulator.measurements.names import DISCONNECTED, MALFORMED_REPLY, TIMEOUT


class Beside:
    """The connection, ready for messages.

    Args:
        over: settled with what came first after a frame: a message, or the end.

    Attributes:
        stay: of the device on its own connection, when this one was opened.
    """

    __slots__ = ("_connection", "_ground", "_over", "session", "stay")

    def __init__(
        self, ground: Ground, session: Session, connection: Connection, stay: Online, over: "asyncio.Future[Said]"
    ) -> None:
        self._ground = ground
        self._connection = connection
        self._over = over
        self.session = session
        self.stay = stay

    async def request(self, func_id: str, params: Mapping[str, Any] | None) -> Said:
        """Send a request and wait for what is said to it."""
        reply: Reply = await self.session.request(func_id, params)
        if reply.code == TIMEOUT:
            return NOTHING
        return Said(ended=self.session.end_reason) if reply.code == DISCONNECTED else Said(code=reply.code)

    async def say(self, payload: bytes, *, binary: bool) -> Said:
        """Send a frame, whatever is in it, and wait for the next message or the end."""
        self._connection.send(payload, binary)
        ground, over = self._ground, self._over
        timer = ground.env.timers.call_later(ground.spec.settings.request_timeout, _settle, over, NOTHING)
        try:
            return await over
        finally:
            timer.cancel()


@asynccontextmanager
async def beside(ground: Ground) -> AsyncIterator[Beside]:
    """Open one, for as long as the context lasts.

    Raises:
        NotNow: If it does not open, or the exchange does not succeed.
    """
    stay = ground.online()
    spec, lifecycle, unheard = ground.spec, ground.lifecycle, Unheard()
    env = replace(ground.env, recorder=unheard)
    answer = lifecycle.broker.shown
    if answer is None:
        raise NotNow
    over: asyncio.Future[Said] = asyncio.get_running_loop().create_future()
    witness = Witness(unheard, env.clock, lifecycle, spec.index)
    context = context_of(spec.credentials, lifecycle.login.auth_code, lifecycle.login.secret, answer, witness)
    session = Session(
        env,
        env.suite_of(spec.settings).device_side(env.keys, context),
        stay.session.mids,
        spec.settings,
        on_command=lambda message, size, unreadable, early: _settle(over, _said(message)),
        on_end=lambda reason: _settle(over, Said(ended=reason)),
        witness=witness,
    )
    ground.beside.add(session)
    try:
        connection = await env.network.connect(answer, session, index=spec.index)
        await initial_flow.exchange(session, witness)
        if session.ended or ground.online() is not stay:
            raise NotNow
        session.strays.taker = partial(_takes, over)
        yield Beside(ground, session, connection, stay, over)
    except (NetworkError, FlowFailed):
        raise NotNow from None
    finally:
        ground.beside.discard(session)
        if lifecycle.online is stay:
            session.end(EndReason.STOPPED)
        else:
            session.abort(EndReason.STOPPED)


def _said(message: Mapping[str, Any]) -> Said:
    code = message.get("code")
    return Said(code=code if isinstance(code, str) and code else MALFORMED_REPLY)


def _takes(over: "asyncio.Future[Said]", message: Mapping[str, Any]) -> bool:
    _settle(over, _said(message))
    return True


def _settle(over: "asyncio.Future[Said]", said: Said) -> None:
    if not over.done():
        over.set_result(said)
