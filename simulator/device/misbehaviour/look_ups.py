"""Look-ups that a platform has to refuse: a nonce that was used, a time that is over, a sign that is not right."""

from typing import Final

from simulator.device.environment import NetworkError
from simulator.device.misbehaviour.aside import NOTHING, Said
from simulator.device.misbehaviour.ground import HIDDEN, Ground, NotNow, outcome, refuses
from simulator.judge.lookup import read_lookup
from simulator.measurements.names import MALFORMED_REPLY, TIMEOUT
from simulator.protocol.broker import LookupQuery
from simulator.protocol.codes import SUCCESS

STALE_MS: Final = 86_400_000
"""How old a timestamp is: the document's own example of too much is five minutes, and clocks may be off by more."""
_HTTP: Final = "http "
"""What the kind of a failure begins with where an answer came."""
_BROKE_DOWN: Final = "http 5"
"""A platform that cannot answer has not refused either."""


async def replay_nonce(ground: Ground) -> str | None:
    """A look-up that is answered, and another one, rightly signed and timed, with its nonce."""
    ground.online()
    nonce = _nonce(ground)
    first = await _ask(ground, _query(ground, nonce))
    if first.code != SUCCESS:
        raise NotNow
    return await _come_of(ground, _query(ground, nonce, later=1))


async def stale_timestamp(ground: Ground) -> str | None:
    """A look-up, rightly signed, of yesterday."""
    ground.online()
    return await _come_of(ground, _query(ground, _nonce(ground), later=-STALE_MS))


async def bad_sign(ground: Ground) -> str | None:
    """A look-up whose sign has another first digit."""
    ground.online()
    query = _query(ground, _nonce(ground))
    sign = f"{int(query.sign[0], 16) ^ 1:x}{query.sign[1:]}"
    return await _come_of(ground, LookupQuery(query.sn, query.type, query.nonce, query.timestamp, sign))


def _nonce(ground: Ground) -> str:
    """28 characters, as those of the device's own look-ups."""
    return f"{ground.rng.getrandbits(64):016x}{ground.clock.now_ms() & 0xFFFFFFFFFFFF:012x}"


def _query(ground: Ground, nonce: str, *, later: int = 0) -> LookupQuery:
    held = ground.spec.credentials
    moment = ground.clock.signing_ms() + later
    return LookupQuery.build(held.sn, ground.spec.settings.broker_type, nonce, moment, held.secret_key)


async def _ask(ground: Ground, query: LookupQuery) -> Said:
    """
    Raises:
        NotNow: If it did not get through.
    """
    env, index = ground.env, ground.spec.index
    try:
        status, body = await env.network.look_up(query.url(env.dispatch_url(index)), index=index)
        code = read_lookup(status, body, ground.spec.settings.broker_type).code
    except NetworkError as error:
        if error.kind == TIMEOUT:
            return NOTHING
        if not error.kind.startswith(_HTTP):
            raise NotNow from None
        code = error.kind
    return Said(code=MALFORMED_REPLY if code.startswith(_BROKE_DOWN) else code)


async def _come_of(ground: Ground, query: LookupQuery) -> str | None:
    said = await ground.watched(_ask(ground, query))
    if said == NOTHING and not await _answers(ground):
        # It may be slow, or not to be reached: that says nothing of what was asked.
        said = HIDDEN
    return outcome(said, refuses)


async def _answers(ground: Ground) -> bool:
    """Whether the dispatch service answers a look-up that is right."""
    try:
        return (await _ask(ground, _query(ground, _nonce(ground)))).code == SUCCESS
    except NotNow:
        return False
