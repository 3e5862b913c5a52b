"""The login of one device: what it proves itself with, what the platform has granted it, and who is told to keep that.

It is in the device's flash: neither a reboot nor a power cut takes it. When it is used is the lifecycle's business.
"""

from simulator.device import initial_flow
from simulator.device.environment import Environment
from simulator.device.settings import DeviceSpec, Start
from simulator.device.witness import Witness
from simulator.measurements.observation_rules import LOGIN_REPEATED


class HeldLogin:
    """What one device logs in with.

    Attributes:
        auth_code, secret: what the platform has granted; None before that, and once it refused them.
    """

    __slots__ = ("_env", "_granted", "_proof", "_spec", "_unkept", "_witness", "auth_code", "secret")

    def __init__(self, env: Environment, spec: DeviceSpec, witness: Witness) -> None:
        self._env = env
        self._spec = spec
        self._witness = witness
        self._proof: dict[str, str] | None = None
        self._granted: str | None = None
        """The `authCode` of a registration that has no `secret` yet."""
        self._unkept = False
        """Whether the store has not been told of `auth_code` and `secret` yet."""
        warm = spec.settings.start is not Start.COLD
        self.auth_code = spec.credentials.auth_code if warm else None
        self.secret = spec.credentials.secret if warm else None

    @property
    def proof(self) -> dict[str, str]:
        """`key_proof` of the device."""
        if self._proof is None:
            self._proof = initial_flow.key_proof(self._spec.credentials)
        return self._proof

    @property
    def warm(self) -> bool:
        """Whether the device can log in without a registration."""
        return self.auth_code is not None and self.secret is not None

    def registered(self, auth_code: str) -> None:
        """`dev.register` was answered."""
        self._granted = auth_code

    def accredited(self, auth_code: str, secret: str) -> None:
        """`dev.accredit` was answered: this is the login from now on."""
        self.auth_code, self.secret, self._unkept = auth_code, secret, True

    def worked(self) -> None:
        """The platform let the device in: the next run may begin with this login, whichever connection granted it."""
        env = self._env
        if not self._unkept:
            return
        self._unkept = False
        if env.credentials is not None and self.auth_code is not None and self.secret is not None:
            env.credentials.granted(self._spec.credentials.sn, self.auth_code, self.secret)

    def drop(self) -> None:
        """The platform refused what it granted a moment ago: the next attempt begins with a registration."""
        self.auth_code = self.secret = None

    def forget(self, code: str) -> None:
        """The platform refused a warm login: both credentials are thrown away, once, and the device registers."""
        self.drop()
        env = self._env
        self._witness.observation(LOGIN_REPEATED, "dev.login", f"dev.login: {code}, then registered again")
        if env.credentials is not None:
            env.credentials.forgotten(self._spec.credentials.sn)

    def secrets(self) -> tuple[str | None, ...]:
        """All that this device proves itself with, or did before it was refused; None for what it does not have."""
        held = self._spec.credentials
        digest = None if self._proof is None else self._proof["devKey"]
        own = (held.secret_key, held.dev_key, digest, held.auth_code, held.secret, held.device_secret)
        return (*own, self._granted, self.auth_code, self.secret)
