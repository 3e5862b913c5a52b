"""The steps that bring a device online, in order: look-up, exchange, register, accredit, login, report.

Each step is one function that succeeds or raises `FlowFailed`; their order and what follows a failure is the
lifecycle's business (docs/deviations.md, Initial flow).
"""

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import orjson

from simulator import shown
from simulator.device import hints
from simulator.device.device_clock import DeviceClock
from simulator.device.environment import Environment, NetworkError
from simulator.device.replies import Reply
from simulator.device.session import REPORT, Session
from simulator.device.settings import Credentials, DeviceSettings
from simulator.device.terms import Terms, parse_terms
from simulator.device.witness import Witness
from simulator.judge.lookup import ReadLookup, read_lookup
from simulator.measurements.names import BAD_KEY, DISCONNECTED, INTERNAL_ERROR, MALFORMED_REPLY, UNSUPPORTED_TRANSPORT
from simulator.measurements.violation_rules import CHANNEL_KEY, LOOKUP_STATUS
from simulator.protocol import broker, credentials
from simulator.protocol.catalogue import CATALOGUE, CONNECT, LOOKUP
from simulator.protocol.channel.base import ChannelViolation
from simulator.protocol.channel.keys import DEFAULT_BITS
from simulator.protocol.codes import SUCCESS

_DETAIL_CHARS = 400
"""Of what a failure says: room for an address, a path and what would help."""


_REGISTER = "dev.register"
_PUBLIC_KEY = "device.exchange.publicKey"
_HTTP = "http "
"""What the kind of a failure begins with where an answer came, with another status than 200."""


class FlowFailed(Exception):  # noqa: N818 - the outcome of a flow
    """A step of the initial flow did not succeed.

    Attributes:
        step: the funcId, or `getBrokerServer` or `connect`.
        code: the platform's code or a local word.
        detail: what is known beside it.
        permanent: whether trying again cannot help in this run.
        refused: whether the platform itself said no, as against silence, garbage or a lost connection.
        violation: how the platform broke the rules of the channel, which ends the connection with status 1008.
    """

    def __init__(
        self,
        step: str,
        code: str,
        detail: str,
        *,
        permanent: bool = False,
        refused: bool = False,
        violation: ChannelViolation | None = None,
    ) -> None:
        # Much of it is the platform's own words.
        super().__init__(shown.detail(f"{step}: {code} {detail}".rstrip(), _DETAIL_CHARS))
        self.step = step
        self.code = code
        self.detail = detail
        self.permanent = permanent
        self.refused = refused
        self.violation = violation


async def look_up(
    env: Environment,
    device: Credentials,
    settings: DeviceSettings,
    clock: DeviceClock,
    rng: random.Random,
    witness: Witness,
) -> broker.BrokerAnswer:
    """Ask the dispatch service where the broker is (section 获取服务器地址); what departs in its answer is counted.

    Raises:
        FlowFailed: If there is no answer, a refusal, or a broker that speaks something else.
    """
    nonce = f"{rng.getrandbits(64):016x}{clock.now_ms() & 0xFFFFFFFFFFFF:012x}"
    query = broker.LookupQuery.build(device.sn, settings.broker_type, nonce, clock.signing_ms(), device.secret_key)
    url = query.url(env.dispatch_url(witness.index))
    if env.trace is not None:
        env.trace(">", orjson.dumps({"GET": LOOKUP, **asdict(query)}))
    started, before = env.clock.wall(), env.clock.monotonic()
    body = b""
    code, detail = INTERNAL_ERROR, ""
    failed = None
    answer = None
    try:
        status, body = await env.network.look_up(
            url, index=witness.index, date=clock.date_told if clock.unsure else None
        )
        if env.trace is not None:
            env.trace("<", body)
        read = read_lookup(status, body, settings.broker_type, env.clock.wall())
        answer, code, detail = _judged(read, settings, witness, query.sign)
    except NetworkError as error:
        failed = error
        code, detail = error.kind, str(error)
        if code.startswith(_HTTP):
            witness.violation(LOOKUP_STATUS, LOOKUP, f"the HTTP status is {code.removeprefix(_HTTP)}, should be 200")
    except asyncio.CancelledError:
        code = DISCONNECTED
        raise
    finally:
        lasted = env.clock.monotonic() - before
        if failed is not None:
            lasted = failed.lasted(lasted)
        env.recorder.request(LOOKUP, started, lasted, code, len(url), len(body), 0.0)
    if answer is None or answer.url is None or code != SUCCESS:
        if ahead := clock.look_up_refused():
            found = f"its clock is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the answer's date: clock"
            detail = f"{detail}; {found}" if detail else found
        if answer is not None and code != SUCCESS:
            detail = "; ".join(filter(None, (detail, hints.of_identity(LOOKUP, code, detail))))
        if detail:
            env.recorder.detail(LOOKUP, code, detail, env.clock.wall())
        raise FlowFailed(LOOKUP, code, detail, refused=answer is not None)
    schemes = broker.schemes(settings.broker_type)
    if not answer.url.startswith(schemes):
        # The look-up did succeed; what cannot be done is to connect.
        env.recorder.request(CONNECT, env.clock.wall(), 0.0, UNSUPPORTED_TRANSPORT, 0, 0, 0.0)
        wanted = f"should be {' or '.join(schemes)}" if schemes else "and this device speaks WebSocket and MQTT only"
        told = f"{settings.broker_type} leads to {answer.url}, {wanted}"
        env.recorder.detail(CONNECT, UNSUPPORTED_TRANSPORT, told, env.clock.wall())
        raise FlowFailed(LOOKUP, UNSUPPORTED_TRANSPORT, told, permanent=True)
    return answer


def _judged(
    read: ReadLookup, settings: DeviceSettings, witness: Witness, sign: str
) -> tuple[broker.BrokerAnswer | None, str, str]:
    """The answer, where it can be used, its code, and what is said of that; what departs in it is counted."""

    def told(text: object) -> str:
        return shown.without_values(witness.shown(str(text)), (sign,))

    departures = read.judgement.departures
    for departure in departures:
        witness.violation(departure.rule, LOOKUP, told(departure))
    if settings.strict and departures:
        return None, MALFORMED_REPLY, told(departures[0])
    return read.answer, shown.label(told(read.code)), told(read.text)


async def exchange(session: Session, witness: Witness) -> None:
    """Exchange public keys and factors, where the channel's suite does (section 通道安全握手).

    Raises:
        FlowFailed: If the platform refuses or its half is unusable.
    """
    channel = session.channel
    if not channel.has_exchange:
        return
    await _step(session, _PUBLIC_KEY, channel.public_key_params(), accept=channel.accept_public_key)
    if channel.peer_key_bits not in (0, DEFAULT_BITS):
        found = f"{_PUBLIC_KEY}: publicKey has {channel.peer_key_bits} bits, should have {DEFAULT_BITS}"
        witness.violation(CHANNEL_KEY, _PUBLIC_KEY, found)
    await _step(session, "device.exchange.factor", channel.factor_params(), accept=channel.accept_factor)


def key_proof(device: Credentials) -> dict[str, str]:
    """What every request of the login flow presents; 1,000 rounds of hashing, so a device keeps it."""
    return {
        "productId": device.product_id,
        "devKey": credentials.device_key_digest(device.dev_key, device.product_id),
    }


async def register(session: Session, sn: str, proof: Mapping[str, str], settings: DeviceSettings) -> str:
    """Returns the `authCode` (section 设备注册)."""
    params = {
        "protType": broker.protocol_type(settings.broker_type),
        "protVer": settings.reading.protocol_version,
        **proof,
        "devType": settings.device_type,
    }
    own_sn: str | None = sn
    if broker.is_publish_subscribe(settings.broker_type):
        for name in CATALOGUE[_REGISTER].left_out_over_publish_subscribe:
            params.pop(name, None)
        own_sn = None
    return await _granted(session, _REGISTER, params, own_sn, "authCode")


async def accredit(session: Session, sn: str, proof: Mapping[str, str], auth_code: str) -> str:
    """Returns the login `secret` (section 设备授权)."""
    params = {**proof, "authCode": auth_code}
    return await _granted(session, "dev.accredit", params, sn, "secret")


async def login(session: Session, sn: str, proof: Mapping[str, str], auth_code: str, secret: str) -> None:
    """Section 设备登录."""
    await _step(session, "dev.login", {**proof, "authCode": auth_code, "secret": secret}, sn=sn)


async def report(session: Session, sn: str, params: Mapping[str, Any]) -> Terms:
    """Returns the platform's terms (section 设备上报)."""

    def accept(results: Mapping[str, Any]) -> None:
        session.reported = True

    return parse_terms((await _step(session, REPORT, params, sn=sn, accept=accept)).results)


async def _step(
    session: Session,
    func_id: str,
    params: Mapping[str, Any],
    *,
    sn: str | None = None,
    accept: Callable[[Mapping[str, Any]], None] | None = None,
) -> Reply:
    """One request of the flow and its successful reply.

    `accept` is given the results before anything else that arrived is looked at: after the factor's reply the very
    next frame is encrypted. It raises `ChannelViolation` or `FlowFailed` where the flow cannot go on with them; the
    request has failed then, whatever its code.

    Raises:
        FlowFailed: If the reply is no success, or was not accepted.
    """
    faults: list[FlowFailed] = []

    def judge(results: Mapping[str, Any]) -> str:
        try:
            if accept is not None:
                accept(results)
        except ChannelViolation as error:
            faults.append(FlowFailed(func_id, BAD_KEY, str(error), violation=error))
        except FlowFailed as error:
            faults.append(error)
        return faults[0].code if faults else SUCCESS

    reply = await session.request(func_id, params, sn=sn, judge=judge)
    if faults:
        session.tell(func_id, faults[0].code, faults[0].detail)
        raise faults[0]
    if not reply.ok:
        raise FlowFailed(func_id, reply.code, reply.message, refused=reply.refused)
    return reply


async def _granted(session: Session, func_id: str, params: Mapping[str, Any], sn: str | None, name: str) -> str:
    """What the reply to `func_id` grants under `name`; the flow cannot go on without it.

    Raises:
        FlowFailed: If it is not there, or the reply is no success.
    """

    def accept(results: Mapping[str, Any]) -> None:
        value = results.get(name)
        if not isinstance(value, str) or not value:
            raise FlowFailed(func_id, MALFORMED_REPLY, f"the reply holds no {name}")

    reply = await _step(session, func_id, params, sn=sn, accept=accept)
    return str(reply.results[name])
