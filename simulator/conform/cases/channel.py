"""The exchange of keys and factors: what cannot be used, what comes out of turn, what the platform sends itself."""

from base64 import b64encode
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from simulator.conform.answers import Answer, Reply, Silence
from simulator.conform.bench import Bench
from simulator.conform.case import Case, Outcome, Result, Run, failed, non_strict, not_run, ok
from simulator.conform.declare import Family
from simulator.conform.ends import ends
from simulator.conform.expect import accepted, refused, told, well_formed
from simulator.conform.sections import HANDSHAKE
from simulator.conform.stages import Stage
from simulator.conform.suites import EXCHANGING, SEALING, form_of, options_of
from simulator.conform.tester import FACTOR, PUBLIC_KEY, Device
from simulator.protocol.channel.exchange import THE_PLATFORMS
from simulator.protocol.channel.keys import DEFAULT_BITS, MIN_BITS, generate_key
from simulator.texts.told import Told

_SUITE: Final = "docs/deviations.md, Secure channel: "
_KEY: Final = (
    "publicKey: 服务端公钥; docs/deviations.md, Secure channel: base64 of a DER SubjectPublicKeyInfo, 2,048 bits"
)
_FACTOR: Final = Told(
    "{suite}32 bytes under RSA-OAEP (SHA-256), standard base64, or as `configurable` says; always fresh", suite=_SUITE
)
_REFUSED: Final = "a code other than 00000000, or the end of the connection"
_case = Family("channel", HANDSHAKE, "the connection closed with 1008", SEALING)

# --- The exchanges ---


def _small(bench: Bench) -> str:
    """A public key of 1,024 bits, which takes a few milliseconds to make."""
    return form_of(bench.site.suite).write_key(generate_key(MIN_BITS))


async def _key_form(bench: Bench) -> Outcome:
    async with bench.device(Stage.OPENED) as device:
        answer = await device.exchange_public_key()
        verdict = well_formed(answer)
        if verdict.result is Result.FAILED or not isinstance(answer, Reply) or not answer.ok:
            return failed(verdict.observed)
        if device.problem:
            return failed(device.problem)
        bits = form_of(bench.site.suite).read_key(answer.results["publicKey"], THE_PLATFORMS).key_size
        if bits != DEFAULT_BITS:
            return non_strict(Told("the platform's key has {bits} bits", bits=bits))
        return verdict


async def _factor_form(bench: Bench) -> Outcome:
    async with bench.device(Stage.OPENED) as device:
        await device.exchange_public_key()
        answer = await device.exchange_factor()
        return failed(device.problem) if device.problem else well_formed(answer)


async def _turned_away(device: Device, answer: Answer) -> Outcome:
    """Refused, or the end of the connection; over MQTT perhaps of the session alone."""
    if isinstance(answer, Silence) and device.site.terms.mqtt is not None:
        return await ends(device)
    return refused(answer, or_closed=True)


async def _key_params(params: Mapping[str, Any], bench: Bench) -> Outcome:
    async with bench.device(Stage.OPENED) as device:
        return await _turned_away(device, await device.request(PUBLIC_KEY, params))


async def _factor_params(params: Mapping[str, Any], bench: Bench) -> Outcome:
    async with bench.device(Stage.OPENED) as device:
        await device.exchange_public_key()
        return await _turned_away(device, await device.request(FACTOR, params))


async def _unreadable_factor(bench: Bench) -> Outcome:
    options = options_of(bench.site)
    if options is not None and options.padding == "pkcs1v15":
        return not_run("what `channel.padding: pkcs1v15` makes of it looks like a factor of some length")
    noise = bytes(range(256))
    as_hex = options is not None and options.factor.text == "hex"
    return await _factor_params({"factor": noise.hex() if as_hex else b64encode(noise).decode()}, bench)


async def _factor_before_key(bench: Bench) -> Outcome:
    async with bench.device(Stage.OPENED) as device:
        answer = await device.request(FACTOR, {"factor": b64encode(bytes(256)).decode()})
        return await _turned_away(device, answer)


async def _short_factor(bench: Bench) -> Outcome:
    async with bench.device(Stage.OPENED) as device:
        answer = await device.exchange_public_key()
        if not isinstance(answer, Reply) or not answer.ok or device.problem:
            return failed(device.problem or answer.told)
        form = form_of(bench.site.suite)
        key = form.read_key(answer.results["publicKey"], THE_PLATFORMS)
        factor = form.write_factor(bytes(form.factor_bytes // 2), key)
        return told(await device.request(FACTOR, {"factor": factor}))


async def _key_twice(bench: Bench) -> Outcome:
    async with bench.device(Stage.OPENED) as device:
        await device.exchange_public_key()
        return told(await device.exchange_public_key())


async def _exchange_twice(bench: Bench) -> Outcome:
    async with bench.device(Stage.EXCHANGED) as device:
        device.broken = True
        return told(await device.request(PUBLIC_KEY, {"publicKey": _small(bench)}))


async def _small_key(bench: Bench) -> Outcome:
    options = options_of(bench.site)
    if options is not None and options.device_key_bits != MIN_BITS:
        return not_run(
            Told(
                "`channel.device_key_bits: {device_key_bits}` leaves other sizes out",
                device_key_bits=options.device_key_bits,
            )
        )
    async with bench.device(Stage.OPENED) as device:
        return accepted(await device.request(PUBLIC_KEY, {"publicKey": _small(bench)}))


async def _fresh_factors(bench: Bench) -> Outcome:
    marks = []
    for _ in range(3):
        async with bench.device(Stage.EXCHANGED) as device:
            marks.append(device.channel.peer_mark)
    if len(set(marks)) < len(marks):
        return failed("the platform's factor was the same on two connections")
    return ok("three connections, three factors")


# --- Declarations ---


def _bad_key(name: str, told_as: str, params: Mapping[str, Any]) -> Case:
    return _case(
        f"publicKey.{name}",
        Told("device.exchange.publicKey {told_as} is refused", told_as=told_as),
        Told("device.exchange.publicKey {told_as}", told_as=told_as),
        _KEY,
        partial(_key_params, params),
        expects=_REFUSED,
        suites=EXCHANGING,
    )


def _bad_factor(name: str, told_as: str, run: Run) -> Case:
    return _case(
        f"factor.{name}",
        Told("device.exchange.factor {told_as} is refused", told_as=told_as),
        Told("device.exchange.factor {told_as}, after the public keys", told_as=told_as),
        _FACTOR,
        run,
        expects=_REFUSED,
        suites=EXCHANGING,
    )


CASES = (
    _case(
        "publicKey.form",
        "The platform's public key has the agreed form",
        "device.exchange.publicKey",
        _KEY,
        _key_form,
        expects="code 00000000 and an RSA key of 2,048 bits",
        suites=EXCHANGING,
    ),
    _bad_key("missing", "without a publicKey", {}),
    _bad_key("no-base64", "whose publicKey is no base64", {"publicKey": "not/base64!"}),
    _bad_key("no-key", "whose publicKey is no key", {"publicKey": b64encode(b"no key at all").decode()}),
    _case(
        "publicKey.1024",
        "A device key of 1,024 bits is accepted",
        "device.exchange.publicKey with an RSA key of 1,024 bits",
        Told("{suite}device key: 2,048 bits by default, 1,024 selectable", suite=_SUITE),
        _small_key,
        expects="code 00000000",
        suites=EXCHANGING,
    ),
    _case(
        "publicKey.again",
        "A second public key before the factor",
        "device.exchange.publicKey twice",
        "The document does not say; a device may repeat a request whose reply was lost",
        _key_twice,
        expects="either",
        suites=EXCHANGING,
        required=False,
    ),
    _case(
        "factor.form",
        "The platform's factor has the agreed form",
        "device.exchange.factor after the public keys",
        _FACTOR,
        _factor_form,
        expects="code 00000000 and 32 bytes (or as `configurable` says) under the device's key",
        suites=EXCHANGING,
    ),
    _case(
        "factor.before-key",
        "A factor before the public keys is refused",
        "device.exchange.factor as the first message",
        "The order of the handshake: 交换公钥, 交换因子",
        _factor_before_key,
        expects=_REFUSED,
        suites=EXCHANGING,
    ),
    _bad_factor("missing", "without a factor", partial(_factor_params, {})),
    _bad_factor("no-base64", "whose factor is no base64", partial(_factor_params, {"factor": "not/base64!"})),
    _bad_factor("unreadable", "whose factor was not encrypted under the platform's key", _unreadable_factor),
    _case(
        "factor.short",
        "A factor of half the length",
        "device.exchange.factor with half the bytes (16 of 32) under the platform's key",
        _FACTOR,
        _short_factor,
        expects="either",
        suites=EXCHANGING,
        required=False,
    ),
    _case(
        "exchange.twice",
        "A second exchange on one connection",
        "device.exchange.publicKey after the factors",
        "The document does not say; each reconnect makes a new exchange",
        _exchange_twice,
        expects="either",
        suites=EXCHANGING,
        required=False,
    ),
    _case(
        "factor.fresh",
        "The platform's factor is another one on each connection",
        "the two exchanges on three connections",
        _FACTOR,
        _fresh_factors,
        expects="three factors",
        suites=EXCHANGING,
    ),
)
