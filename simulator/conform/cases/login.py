"""dev.register, dev.accredit and dev.login: what is presented and whose it is, the warm start."""

import secrets
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from simulator.conform.answers import Answer
from simulator.conform.bench import Bench
from simulator.conform.case import Case, Outcome, failed, not_run
from simulator.conform.declare import ACCEPTED, EITHER, SILENT, Family
from simulator.conform.expect import accepted, both, refused, told
from simulator.conform.repetitions import ANEW
from simulator.conform.stages import Stage
from simulator.conform.tester import Device, proof_of
from simulator.texts.told import Told

_register = Family("register", "3.2 设备注册")
_accredit = Family("accredit", "3.3 设备授权")
_login = Family("login", "3.2 设备登录")
_KEY: Final = "devKey: 设备密钥, 由软件平台提供, 生产时写入设备, 用于设备通讯一机一密安全校验"
_DIGEST: Final = (
    "devKey: 此处传输的是加密的摘要, PBKDF2WithHmacSHA256, 密文长度: 32字节, 迭代次数: 1000, 盐值为 productId"
)
_PRODUCT: Final = "productId: 产品id, 由软件平台提供, 生产时写入设备, 用于一机一密安全校验"
_AUTH_CODE: Final = "authCode: 授权码, 是否必须: 是"
_SECRET: Final = "secret: 设备登录密码"
_SN: Final = "sn: 当使用发布、订阅网络协议时不需要此参数, 其他为必须, 如best-w"
_SN_LOGIN: Final = "sn: 仅用于登入过程请求时参数必须存在, 设备序列号"

# --- What is changed ---

_REACHED: Final = {
    "dev.register": Stage.EXCHANGED,
    "dev.accredit": Stage.REGISTERED,
    "dev.login": Stage.ACCREDITED,
}


async def _send(func_id: str, device: Device, change: Mapping[str, object]) -> Outcome:
    return refused(await device.step(func_id)(change))


async def _changed(func_id: str, change: Mapping[str, object], bench: Bench) -> Outcome:
    async with bench.device(_REACHED[func_id]) as device:
        return await _send(func_id, device, change)


async def _of_another(func_id: str, name: str, bench: Bench) -> Outcome:
    """The value `name` that belongs to another serial number."""
    if bench.devices < 2:
        return not_run("needs two serial numbers")
    async with bench.device(_REACHED[func_id]) as device:
        if name == "devKey":
            mine, other = bench.identity(0), bench.identity(1)
            if (mine.dev_key, mine.product_id) == (other.dev_key, other.product_id):
                return not_run("both serial numbers have the same devKey and productId")
            return await _send(func_id, device, {"devKey": proof_of(other)["devKey"]})
        stage = Stage.REGISTERED if name == "authCode" else Stage.ACCREDITED
        async with bench.device(stage, which=1) as another:
            value, own = another.auth_code, device.auth_code
            if name == "secret":
                value, own = another.secret, device.secret
            if value == own:
                return not_run(Told("the platform gave both devices the same {name}", name=name))
            return await _send(func_id, device, {name: value})


async def _upper_case_key(func_id: str, bench: Bench) -> Outcome:
    async with bench.device(_REACHED[func_id]) as device:
        return told(await device.step(func_id)({"devKey": device.proof["devKey"].upper()}))


async def _needless_product(product_id: str, bench: Bench) -> Outcome:
    async with bench.device(Stage.EXCHANGED) as device:
        return told(await device.register({"productId": product_id}))


async def _plain_key(bench: Bench) -> Outcome:
    async with bench.device(Stage.EXCHANGED) as device:
        return refused(await device.register({"devKey": bench.identity().dev_key}))


async def _envelope_sn(func_id: str, sn: str | None, verdict: Callable[[Answer], Outcome], bench: Bench) -> Outcome:
    """The step with another `sn` at the top level, or without one."""
    async with bench.device(_REACHED[func_id]) as device:
        params: dict[str, object] = dict(device.proof)
        if func_id == "dev.register":
            params = device.register_params()
        else:
            params["authCode"] = device.auth_code
        if func_id == "dev.login":
            params["secret"] = device.secret
        if sn == "other":
            if bench.devices < 2:
                return not_run("needs two serial numbers")
            sn = bench.identity(1).sn
        return verdict(await device.request(func_id, params, sn=sn))


# --- Doing it again ---


async def _register_again(bench: Bench) -> Outcome:
    async with bench.device(Stage.REGISTERED) as device:
        verdict = accepted(await device.register())
        if verdict.result == "OK" and device.problem:
            return failed(device.problem)
        return verdict


async def _old_auth_code(bench: Bench) -> Outcome:
    async with bench.device(Stage.REGISTERED) as device:
        old = device.auth_code
        again = accepted(await device.register())
        if again.result != "OK" or device.auth_code == old:
            return not_run("the platform gave no new authCode")
        return told(await device.accredit({"authCode": old}))


async def _old_secret(bench: Bench) -> Outcome:
    async with bench.device(Stage.ACCREDITED) as device:
        old_code, old_secret = device.auth_code, device.secret
        again = accepted(await device.register())
        if again.result != "OK" or device.auth_code == old_code:
            return not_run("the platform gave no new authCode")
        return told(await device.login({"authCode": old_code, "secret": old_secret}))


async def _accredit_again(bench: Bench) -> Outcome:
    async with bench.device(Stage.ACCREDITED) as device:
        return told(await device.accredit())


async def _login_again(bench: Bench) -> Outcome:
    async with bench.device(Stage.LOGGED_IN) as device:
        return told(await device.login())


async def _login_anew(bench: Bench) -> Outcome:
    async with bench.device(Stage.LOGGED_IN) as device:
        return both(accepted(await device.login()), accepted(await device.report()))


async def _right_after_a_wrong_one(bench: Bench) -> Outcome:
    async with bench.device(Stage.ACCREDITED) as device:
        wrong = refused(await device.login({"secret": secrets.token_hex(16)}))
        if wrong.result != "OK":
            return wrong
        return accepted(await device.login())


async def _warm_start(bench: Bench) -> Outcome:
    async with bench.device(Stage.ACCREDITED) as first:
        auth_code, secret = first.auth_code, first.secret
    async with bench.device(Stage.EXCHANGED) as device:
        device.auth_code, device.secret = auth_code, secret
        return both(accepted(await device.login()), accepted(await device.report()))


# --- Declarations ---


def _wrong(family: Family, name: str, value: str, why: str) -> Case:
    func_id = f"dev.{family.name}"
    return family(
        f"{name}.wrong",
        Told("{func_id} with a wrong {name} is refused", func_id=func_id, name=name),
        Told("{func_id} whose {name} is of the right form and nobody's", func_id=func_id, name=name),
        why,
        partial(_changed, func_id, {name: value}),
    )


def _foreign(family: Family, name: str, why: str) -> Case:
    func_id = f"dev.{family.name}"
    return family(
        f"{name}.of-another",
        Told("{func_id} with the {name} of another device is refused", func_id=func_id, name=name),
        Told("{func_id} with the {name} of the second serial number", func_id=func_id, name=name),
        why,
        partial(_of_another, func_id, name),
    )


def _serial_numbers(family: Family) -> tuple[Case, ...]:
    func_id = f"dev.{family.name}"
    return (
        family(
            "sn.missing",
            Told("{func_id} without sn is refused", func_id=func_id),
            Told("{func_id} without sn in the envelope", func_id=func_id),
            _SN if family is _register else _SN_LOGIN,
            partial(_envelope_sn, func_id, None, refused),
        ),
        family(
            "sn.unknown",
            Told("{func_id} of an unknown serial number is refused", func_id=func_id),
            Told("{func_id} with the sn of a device that nobody has", func_id=func_id),
            _KEY,
            partial(_envelope_sn, func_id, _NOBODY, refused),
        ),
        family(
            "sn.of-another",
            Told("{func_id} in the name of another device is refused", func_id=func_id),
            Told("{func_id} with the second serial number's sn and all else of the first", func_id=func_id),
            Told("{key}; where both have the same key, the authCode or the look-up of another device", key=_KEY),
            partial(_envelope_sn, func_id, "other", refused),
            required=family is not _register,
        ),
        family(
            "devKey.upper-case",
            Told("{func_id} with the digest of devKey in upper case", func_id=func_id),
            Told("{func_id} whose devKey is the right digest in upper case", func_id=func_id),
            SILENT,
            partial(_upper_case_key, func_id),
            expects="either",
            required=False,
        ),
    )


def _not_needed(cases: tuple[Case, ...]) -> tuple[Case, ...]:
    """Cases of dev.register as they are over MQTT, where it holds no `sn`: the topic says who is speaking."""
    missing, unknown, of_another, *others = cases
    return (
        missing.but_over_mqtt(
            title="dev.register without sn and productId is accepted",
            sends="dev.register without sn in the envelope and without productId in the parameters",
            expects=ACCEPTED,
            run=partial(_envelope_sn, "dev.register", None, accepted),
        ),
        *(
            each.but_over_mqtt(
                title=Told("dev.register with an sn that is not needed, and is {told_as}", told_as=told_as),
                why=_SN,
                expects=EITHER,
                required=False,
                run=partial(_envelope_sn, "dev.register", sn, told),
            )
            for each, sn, told_as in (
                (unknown, _NOBODY, "nobody's"),
                (of_another, "other", "another device's"),
            )
        ),
        *others,
    )


_NOBODY: Final = f"UNKNOWN{secrets.token_hex(6)}"
_NO_KEY: Final = secrets.token_hex(32)
_NO_PRODUCT: Final = secrets.token_hex(16)
_NO_CODE: Final = secrets.token_hex(16)

CASES = (
    _wrong(_register, "devKey", _NO_KEY, _KEY),
    _wrong(_register, "productId", _NO_PRODUCT, _PRODUCT).but_over_mqtt(
        title="dev.register with a wrong productId, which is not needed",
        expects=EITHER,
        why=_SN,
        run=partial(_needless_product, _NO_PRODUCT),
        required=False,
    ),
    _foreign(_register, "devKey", _KEY),
    _register(
        "devKey.plain",
        "dev.register with devKey itself is refused",
        "dev.register whose devKey is the key, not its digest",
        _DIGEST,
        _plain_key,
    ),
    *_not_needed(_serial_numbers(_register)),
    _register(
        "again",
        "A device may register again",
        "dev.register twice on one connection",
        "docs/deviations.md, Initial flow: a device whose login is refused forgets both and registers again",
        _register_again,
        expects="code 00000000 and an authCode, twice",
    ),
    _wrong(_accredit, "authCode", _NO_CODE, _AUTH_CODE),
    _wrong(_accredit, "devKey", _NO_KEY, _KEY),
    _wrong(_accredit, "productId", _NO_PRODUCT, _PRODUCT),
    _foreign(_accredit, "authCode", _AUTH_CODE),
    *_serial_numbers(_accredit),
    _accredit(
        "authCode.old",
        "An authCode from before a new registration",
        "dev.register twice, then dev.accredit with the first authCode",
        Told("{silent} whether a new authCode ends the old one", silent=SILENT),
        _old_auth_code,
        expects="either",
        required=False,
    ),
    _accredit(
        "again",
        "A second accreditation",
        "dev.accredit twice with the same authCode",
        Told("{silent} whether an authCode serves twice", silent=SILENT),
        _accredit_again,
        expects="either",
        required=False,
    ),
    _wrong(_login, "secret", _NO_CODE, _SECRET),
    _wrong(_login, "authCode", _NO_CODE, _AUTH_CODE),
    _wrong(_login, "devKey", _NO_KEY, _KEY),
    _wrong(_login, "productId", _NO_PRODUCT, _PRODUCT),
    _foreign(_login, "secret", _SECRET),
    _foreign(_login, "authCode", _AUTH_CODE),
    *_serial_numbers(_login),
    _login(
        "old",
        "authCode and secret from before a new registration",
        "dev.register again, then dev.login with the authCode and secret from before",
        Told("{silent} whether a new registration ends them", silent=SILENT),
        _old_secret,
        expects="either",
        required=False,
    ),
    _login(
        "again",
        "A second login on the same connection",
        "dev.login twice",
        SILENT,
        _login_again,
        expects="either",
        required=False,
    ).but_over_mqtt(
        title="A second login is a fresh start",
        sends="dev.login twice, then dev.report",
        expects=Told("{accepted}, each time", accepted=ACCEPTED),
        why=ANEW,
        run=_login_anew,
        required=True,
    ),
    _login(
        "after-refusal",
        "A right login after a refused one is accepted",
        "dev.login with a wrong secret, then with the right one",
        Told("{silent} whether a connection may go on after a refused login", silent=SILENT),
        _right_after_a_wrong_one,
        expects="a refusal, then code 00000000",
        required=False,
    ),
    _login(
        "warm-start",
        "A device that holds authCode and secret logs in at once",
        "on a new connection the exchange, dev.login with what was granted before, dev.report",
        "docs/deviations.md, Initial flow: a device that already holds authCode and secret goes from the exchange "
        "straight to dev.login",
        _warm_start,
        expects=Told("{accepted} twice", accepted=ACCEPTED),
    ),
)
