"""getBrokerServer (document 3.1): parameters missing and wrong, signs, times, nonces, types, the answer's form."""

import secrets
from collections.abc import Mapping
from functools import partial
from typing import Final
from urllib.parse import quote, urlencode

from simulator.conform.answers import LookedUp
from simulator.conform.bench import Bench
from simulator.conform.case import Case, Outcome, Result, Run, failed, informational, non_strict, not_run, ok
from simulator.conform.expect import accepted, both, refused, well_formed
from simulator.conform.sections import LOOKUP
from simulator.measurements.violation_rules import LOOKUP_CERTIFICATE, LOOKUP_URL
from simulator.protocol.broker import BrokerType
from simulator.texts.told import Told, joined

_SECTION: Final = LOOKUP
_WHY_REQUIRED: Final = "是否必须: 是"
_WHY_TIME: Final = "时间戳, 精确到毫秒, 若时间戳与服务器时间戳误差较大(比如5分钟), 此请求就会被当作非法请求"
_WHY_SIGN: Final = "{SN}+{nonce}+{timestamp}+{secretKey} 经32位小写md5摘要之后得到的签名"
_WHY_NONCE: Final = "随机数, 不得超过32位, 随机数不得重复"
_WHY_TYPE: Final = "通讯协议类型, 取值范围: push, best-w, best-t, best-m, best-a"
_REFUSED: Final = "a code other than 00000000"
_ACCEPTED: Final = "code 00000000 and results.url"
_LOOKS: Final = 3
"""At the form of answers: some platforms spoil one now and then."""
_PARAMETERS: Final = ("sn", "type", "nonce", "timestamp", "sign")

# --- What refuses ---


async def _missing(name: str, bench: Bench) -> Outcome:
    return refused(await bench.look_up(drop=[name]))


async def _empty(name: str, bench: Bench) -> Outcome:
    return refused(await bench.look_up(change={name: ""}))


async def _wrong(change: Mapping[str, str], bench: Bench) -> Outcome:
    return refused(await bench.look_up(change=change))


async def _sign_of_another(bench: Bench) -> Outcome:
    sign = bench.query(change={"nonce": secrets.token_hex(12)})["sign"]
    return refused(await bench.look_up(change={"sign": sign}))


async def _upper_case_sign(bench: Bench) -> Outcome:
    query = bench.query()
    return refused(await bench.look_up(query=urlencode({**query, "sign": query["sign"].upper()}, quote_via=quote)))


async def _unknown_sn(bench: Bench) -> Outcome:
    return refused(await bench.look_up(change={"sn": f"UNKNOWN{secrets.token_hex(8)}"}))


async def _off_by(seconds: float, right: bool, bench: Bench) -> Outcome:
    answer = await bench.look_up(change={"timestamp": bench.time_ms(seconds)})
    return accepted(answer) if right else refused(answer)


async def _in_seconds(bench: Bench) -> Outcome:
    return refused(await bench.look_up(change={"timestamp": bench.time_ms()[:-3]}))


async def _same_again(bench: Bench) -> Outcome:
    query = urlencode(bench.query(), quote_via=quote)
    first = await bench.look_up(query=query)
    if not isinstance(first, LookedUp) or not first.ok:
        return not_run(Told("the first of the two: {told}", told=first.told))
    return refused(await bench.look_up(query=query))


async def _same_nonce(bench: Bench) -> Outcome:
    nonce = secrets.token_hex(12)
    first = await bench.look_up(change={"nonce": nonce})
    if not isinstance(first, LookedUp) or not first.ok:
        return not_run(Told("the first of the two: {told}", told=first.told))
    return refused(await bench.look_up(change={"nonce": nonce, "timestamp": bench.time_ms(1)}))


# --- What is accepted ---


async def _nonce_of(length: int, right: bool, bench: Bench) -> Outcome:
    answer = await bench.look_up(change={"nonce": secrets.token_hex(17)[:length]})
    return accepted(answer) if right else refused(answer)


async def _nonce_of_another(bench: Bench) -> Outcome:
    nonce = secrets.token_hex(12)
    if bench.devices < 2:
        return not_run("needs two serial numbers")
    first = await bench.look_up(0, change={"nonce": nonce})
    if not isinstance(first, LookedUp) or not first.ok:
        return not_run(Told("the first of the two: {told}", told=first.told))
    return accepted(await bench.look_up(1, change={"nonce": nonce}))


async def _type(name: str, bench: Bench) -> Outcome:
    return accepted(await bench.look_up(change={"type": name}))


async def _other_order(bench: Bench) -> Outcome:
    values = bench.query()
    return accepted(await bench.look_up(query=urlencode(dict(reversed(values.items())), quote_via=quote)))


async def _further_parameter(bench: Bench) -> Outcome:
    values = {**bench.query(), "lang": "en"}
    return accepted(await bench.look_up(query=urlencode(values, quote_via=quote)))


# --- The answer ---


async def _form(bench: Bench) -> Outcome:
    return both(*[well_formed(await bench.look_up()) for _ in range(_LOOKS)])


async def _refusal_form(bench: Bench) -> Outcome:
    outcomes = []
    for _ in range(_LOOKS):
        answer = await bench.look_up(change={"sign": "0" * 32})
        verdict = refused(answer)
        outcomes.append(verdict if verdict.result is not Result.OK else well_formed(answer))
    return both(*outcomes)


async def _url(bench: Bench) -> Outcome:
    answer = await bench.look_up()
    if not isinstance(answer, LookedUp) or not answer.ok or answer.read.answer is None:
        return failed(answer.told)
    wrong = [each.told for each in answer.departures if each.rule == LOOKUP_URL]
    return non_strict(joined("; ", wrong)) if wrong else ok(Told("url is {url}", url=answer.read.answer.url))


async def _root_ca(bench: Bench) -> Outcome:
    answer = await bench.look_up()
    if not isinstance(answer, LookedUp) or not answer.ok or answer.read.answer is None:
        return failed(answer.told)
    wrong = [
        each.told
        for each in answer.departures
        if each.rule == LOOKUP_CERTIFICATE and each.path.startswith("results.rootCA")
    ]
    if wrong:
        return failed(joined("; ", wrong))
    named = answer.read.answer.root_ca
    return ok("rootCA is a certificate in PEM") if named else informational("the answer names no rootCA")


def _case(
    name: str, title: str, sends: str, why: str, run: Run, *, expects: str = _REFUSED, required: bool = True
) -> Case:
    return Case(
        id=f"lookup.{name}",
        section=_SECTION,
        title=title,
        sends=Told("getBrokerServer {sends}", sends=sends),
        expects=expects,
        why=why,
        run=run,
        required=required,
        about_form=name.endswith("form"),
    )


def _missing_and_empty(name: str) -> tuple[Case, Case]:
    why = Told("{name}: {why_required}", name=name, why_required=_WHY_REQUIRED)
    return (
        _case(
            f"{name}.missing",
            Told("A look-up without {name} is refused", name=name),
            Told("without {name}", name=name),
            why,
            partial(_missing, name),
        ),
        _case(
            f"{name}.empty",
            Told("A look-up with an empty {name} is refused", name=name),
            Told("with {name}=", name=name),
            why,
            partial(_empty, name),
        ),
    )


def _clock(name: str, told: str, seconds: float, right: bool) -> Case:
    return _case(
        f"timestamp.{name}",
        Told("A timestamp {told} is accepted", told=told)
        if right
        else Told("A timestamp {told} is refused", told=told),
        Told("with a timestamp {told}, signed", told=told),
        _WHY_TIME,
        partial(_off_by, seconds, right),
        expects=_ACCEPTED if right else _REFUSED,
    )


CASES = (
    *(case for name in _PARAMETERS for case in _missing_and_empty(name)),
    _case(
        "sign.wrong",
        "A look-up with a wrong sign is refused",
        "whose sign is 32 zeros",
        _WHY_SIGN,
        partial(_wrong, {"sign": "0" * 32}),
    ),
    _case(
        "sign.other-nonce",
        "A sign made for another nonce is refused",
        "with the sign of a look-up with another nonce",
        _WHY_SIGN,
        _sign_of_another,
    ),
    _case(
        "sign.upper-case",
        "A sign in upper case is refused",
        "whose sign is right, in upper case",
        _WHY_SIGN,
        _upper_case_sign,
    ),
    _clock("behind-4min", "4 minutes behind", -240, True),
    _clock("ahead-4min", "4 minutes ahead", 240, True),
    _clock("behind-6min", "6 minutes behind", -360, False),
    _clock("ahead-6min", "6 minutes ahead", 360, False),
    _case("timestamp.seconds", "A timestamp in seconds is refused", "with the time in seconds", _WHY_TIME, _in_seconds),
    _case(
        "timestamp.words",
        "A timestamp that is no number is refused",
        "with timestamp=now",
        _WHY_TIME,
        partial(_wrong, {"timestamp": "now"}),
    ),
    _case(
        "nonce.repeated",
        "A nonce that was used is refused",
        "with the nonce of the one before",
        _WHY_NONCE,
        _same_nonce,
    ),
    _case("replayed", "The same look-up again is refused", "twice, letter for letter", _WHY_NONCE, _same_again),
    _case(
        "nonce.32",
        "A nonce of 32 characters is accepted",
        "with a nonce of 32 characters",
        _WHY_NONCE,
        partial(_nonce_of, 32, True),
        expects=_ACCEPTED,
    ),
    _case(
        "nonce.33",
        "A nonce of 33 characters is refused",
        "with a nonce of 33 characters, signed",
        _WHY_NONCE,
        partial(_nonce_of, 33, False),
    ),
    _case(
        "nonce.6",
        "A nonce of 6 characters is accepted",
        "with a nonce of 6 characters, as the document's example",
        _WHY_NONCE,
        partial(_nonce_of, 6, True),
        expects=_ACCEPTED,
    ),
    _case(
        "nonce.of-another",
        "A nonce that another device has used is accepted: it is unique for each sn",
        "of two devices with the same nonce",
        "docs/deviations.md, Look-up: repeated nonce (unique per sn)",
        _nonce_of_another,
        expects=_ACCEPTED,
        required=False,
    ),
    _case(
        "sn.unknown",
        "An unknown serial number is refused",
        "of a serial number that nobody has",
        "设备没权限",
        _unknown_sn,
    ),
    *(
        _case(
            f"type.{name}",
            Told("The type {name} is answered", name=name),
            Told("with type={name}", name=name),
            _WHY_TYPE,
            partial(_type, name.value),
            expects="an address, or a refusal where the platform has no such transport",
            required=name is BrokerType.BEST_W,
        )
        for name in BrokerType
    ),
    _case(
        "type.unknown",
        "An unknown type is refused",
        "with type=best-x",
        _WHY_TYPE,
        partial(_wrong, {"type": "best-x"}),
    ),
    _case(
        "parameters.order",
        "The order of the parameters does not matter",
        "with its parameters in reverse order",
        "A query is a set of names",
        _other_order,
        expects=_ACCEPTED,
    ),
    _case(
        "parameters.further",
        "A parameter that the document does not have",
        "with lang=en beside the five",
        "The document is silent about further parameters",
        _further_parameter,
        expects="either",
        required=False,
    ),
    _case(
        "url",
        "The url is a WebSocket's",
        "done right",
        "url 必填: 通讯(代理)服务器地址",
        _url,
        expects="ws:// or wss://",
    ).but_over_mqtt(title="The url is that of an MQTT broker", expects="mqtt:// or mqtts://"),
    _case(
        "rootCA",
        "A rootCA that is named can be read",
        "done right",
        "rootCA: 通讯(代理)服务器CA根证书,pem格式文本",
        _root_ca,
        expects="a certificate in PEM, if there is one",
    ),
    _case(
        "answer.form",
        "The answer has the document's form",
        "done right",
        "正常回复: code, message, payload.results",
        _form,
        expects="code 00000000, message and results, all texts",
    ),
    _case(
        "refusal.form",
        "A refusal has the document's form",
        "with a wrong sign",
        "异常回复: code 其他不等于00000000的错误码, message 错误描述",
        _refusal_form,
        expects="status 200, a code and a message",
    ),
)
