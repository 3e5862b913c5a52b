"""Security mode "certificate" (document 3.1): what the look-up gives a device, and what the broker makes of it.

A platform whose look-up gives no certificate is in no such mode: the cases are NOT-RUN.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from simulator.conform.answers import Answer, Closed, LookedUp, Reply, Unreached
from simulator.conform.bench import Bench
from simulator.conform.case import Ended, Outcome, failed, non_strict, not_run, ok
from simulator.conform.declare import ACCEPTED, Family
from simulator.conform.expect import accepted, both
from simulator.conform.sections import LOOKUP
from simulator.conform.tester import Device
from simulator.measurements.violation_rules import (
    LOOKUP_CERTIFICATE,
    LOOKUP_CERTIFICATE_PAIR,
    LOOKUP_CERTIFICATE_TIME,
)
from simulator.mqtt.endings import REFUSALS
from simulator.protocol.broker import BrokerAnswer
from simulator.texts.told import Told, joined

_WHY: Final = (
    "certificate: 设备证书, 安全模式为证书模式时返回,pem格式文本; privateKey: 私钥文件, 安全模式为证书模式时返回"
)
_DECIDED: Final = Told(
    "{why}; docs/deviations.md, Look-up: the broker lets in nobody without a device's own certificate", why=_WHY
)
_LOOKS: Final = 3
"""At answers: some platforms spoil one now and then."""
_MOST_LOOKS: Final = 8
_OWN: Final = ("results.certificate", "results.privateKey")
_TURNED_AWAY: Final = frozenset(("tls", "handshake", *REFUSALS.values()))
"""How a connection fails whose certificate is not taken: in TLS 1.3 after the handshake, over MQTT with CONNACK."""
_REFUSED: Final = "TLS broken off, the connection closed, or a code other than 00000000"

_certificate = Family("certificate", LOOKUP)


async def _answers(bench: Bench, which: int = 0) -> list[LookedUp]:
    """Several successful look-ups of a device, of which one at least gave a certificate or a key.

    Raises:
        Ended: As NOT-RUN, if none did.
    """
    found = [await bench.look_up(which) for _ in range(_LOOKS)]
    answers = [each for each in found if isinstance(each, LookedUp) and each.ok and each.read.answer is not None]
    if not answers:
        raise Ended(not_run(found[-1].told))
    if not any(_broker(each).certificate or _broker(each).private_key for each in answers):
        raise Ended(not_run("the look-up's answer holds no certificate: this is not the security mode certificate"))
    return answers


def _broker(answer: LookedUp) -> BrokerAnswer:
    assert answer.read.answer is not None, "a success"
    return answer.read.answer


async def _right_one(bench: Bench, which: int = 0) -> BrokerAnswer:
    """An answer whose certificate can be shown.

    Raises:
        Ended: As NOT-RUN, if there is none.
    """
    await _answers(bench, which)
    for _ in range(_MOST_LOOKS):
        answer = await bench.look_up(which)
        if isinstance(answer, LookedUp) and answer.ok and _broker(answer).certificate and not _departs(answer):
            return _broker(answer)
    raise Ended(not_run(Told("no look-up of {sn} gave a certificate that can be used", sn=bench.identity(which).sn)))


async def _registered(bench: Bench, broker: BrokerAnswer) -> Answer:
    """How the first device's registration ends, over a connection that this answer led to."""
    async with bench.opened_by(broker) as device:
        return await device.register() if isinstance(device, Device) else device


def _turned_away(answer: Answer) -> Outcome:
    if isinstance(answer, Unreached):
        return ok(answer.told) if answer.kind in _TURNED_AWAY else failed(answer.told)
    if isinstance(answer, Closed) and not answer.by_us:
        return ok(answer.told)
    if isinstance(answer, Reply) and answer.code and not answer.ok:
        return ok(answer.told)
    return failed(answer.told)


def _departs(answer: LookedUp, *rules: str) -> list[str]:
    """What is wrong with certificate and key, by these rules or any."""
    found = (each for each in answer.departures if each.path.startswith(_OWN))
    return [each.told for each in found if not rules or each.rule in rules]


def _none_of(answers: Sequence[LookedUp], rules: tuple[str, ...], right: str) -> Outcome:
    wrong = [each for answer in answers for each in _departs(answer, *rules)]
    return failed(joined("; ", dict.fromkeys(wrong))) if wrong else ok(right)


async def _pair(bench: Bench) -> Outcome:
    answers = await _answers(bench)
    return _none_of(answers, (LOOKUP_CERTIFICATE, LOOKUP_CERTIFICATE_PAIR), "certificate and privateKey make a pair")


async def _time(bench: Bench) -> Outcome:
    return _none_of(await _answers(bench), (LOOKUP_CERTIFICATE_TIME,), "the certificate holds now")


async def _works(bench: Bench) -> Outcome:
    return both(*[accepted(await _registered(bench, _broker(each))) for each in await _answers(bench)])


async def _without(bench: Bench) -> Outcome:
    broker = await _right_one(bench)
    return _turned_away(await _registered(bench, replace(broker, certificate=None, private_key=None)))


async def _of_another(bench: Bench) -> Outcome:
    if bench.devices < 2:
        return not_run("needs two serial numbers")
    mine, other = await _right_one(bench), await _right_one(bench, 1)
    if mine.certificate == other.certificate:
        return non_strict("the platform gives both devices the same certificate")
    return _turned_away(await _registered(bench, other))


CASES = (
    _certificate(
        "pair",
        "Certificate and private key of a look-up's answer can be read and belong together",
        Told("getBrokerServer, {looks} times", looks=_LOOKS),
        _WHY,
        _pair,
        expects="a certificate in PEM and its private key",
    ),
    _certificate(
        "time",
        "The certificate of a look-up's answer holds now",
        Told("getBrokerServer, {looks} times", looks=_LOOKS),
        Told("{why}; docs/deviations.md, Look-up: five minutes between the clocks are nobody's fault", why=_WHY),
        _time,
        expects="a certificate that has begun to hold and not expired",
    ),
    _certificate(
        "works",
        "The broker takes a device by what its look-up gave it",
        Told("getBrokerServer, a connection with its certificate, dev.register; {looks} times", looks=_LOOKS),
        _WHY,
        _works,
        expects=ACCEPTED,
    ),
    _certificate(
        "missing",
        "A connection without a certificate is refused",
        "a connection that shows no certificate, and dev.register if it opens",
        _DECIDED,
        _without,
        expects=_REFUSED,
    ),
    _certificate(
        "of-another",
        "A device with another device's certificate is refused",
        "a connection with the certificate of the second serial number, and dev.register of the first",
        _DECIDED,
        _of_another,
        expects=_REFUSED,
    ),
)
