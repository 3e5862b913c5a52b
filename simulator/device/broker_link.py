"""Where a device's broker is and how it is reached: the look-up, its kept answer, the opening of the connection.

Look-up and opening are measured as requests, whatever becomes of them. When to connect is the lifecycle's business, how
it is done the network's.
"""

import asyncio
import random
from dataclasses import replace
from functools import lru_cache

from simulator.device import initial_flow
from simulator.device.device_clock import DeviceClock
from simulator.device.end_reason import EndReason
from simulator.device.environment import Environment, NetworkError
from simulator.device.hints import KEPT_ADDRESS
from simulator.device.initial_flow import FlowFailed
from simulator.device.session import Session
from simulator.device.settings import DeviceSpec
from simulator.device.witness import Witness
from simulator.measurements.names import DISCONNECTED, INTERNAL_ERROR
from simulator.measurements.observation_rules import LOOKUP_KEY_IN_CLEAR
from simulator.protocol import device_certificate
from simulator.protocol.broker import BrokerAnswer
from simulator.protocol.catalogue import CONNECT, LOOKUP
from simulator.protocol.codes import SUCCESS
from simulator.protocol.reading import LookupAgain

_REFUSED = "http "
"""What the kind of a failure begins with where somebody is there and does not open the connection."""
_FAILURES_BEFORE_NEW_LOOKUP = 2
"""In a row, with a kept answer, after which the device asks again (docs/deviations.md, Look-up)."""


@lru_cache(maxsize=64)  # a platform tells most of its devices the same, and 20,000 of them share one object
def _shared(answer: BrokerAnswer) -> BrokerAnswer:
    return answer


@lru_cache(maxsize=64)
def _shared_text(text: str | None) -> str | None:
    return text


def _kept(answer: BrokerAnswer) -> BrokerAnswer:
    """What a device keeps of an answer.

    One with a certificate is this device's alone, and would only push out what is shared: certificate and key are its
    own (1 KB for P-256, 3 KB for RSA), the rest is what others have as well.
    """
    if answer.certificate is None and answer.private_key is None:
        return _shared(answer)
    return replace(
        answer,
        message="",
        url=_shared_text(answer.url),
        root_ca=_shared_text(answer.root_ca),
        public_key=None,
        company_id=_shared_text(answer.company_id),
        site_id=_shared_text(answer.site_id),
    )


class BrokerLink:
    """One device's way to its broker."""

    __slots__ = ("_again", "_answer", "_env", "_failures", "_shown", "_spec", "_used", "_witness")

    def __init__(self, env: Environment, spec: DeviceSpec, witness: Witness) -> None:
        self._env = env
        self._spec = spec
        self._witness = witness
        self._answer: BrokerAnswer | None = None
        self._shown: BrokerAnswer | None = None
        """By which the last connection was made, whether it is kept or not."""
        self._failures = 0
        self._used = False
        """Whether a connection was opened by the answer before."""
        self._again = spec.settings.reading.lookup_again

    @property
    def answer(self) -> BrokerAnswer | None:
        """The look-up's, while it is kept."""
        return self._answer

    @property
    def known(self) -> bool:
        """Whether the device knows where to connect to; if not, it must `look_up`."""
        return self._answer is not None

    async def look_up(self, clock: DeviceClock, rng: random.Random) -> None:
        """Ask where the broker is, and keep the answer.

        Raises:
            FlowFailed: As `initial_flow.look_up`.
        """
        env, spec = self._env, self._spec
        answer = await initial_flow.look_up(env, spec.credentials, spec.settings, clock, rng, self._witness)
        if not env.dispatch_url(spec.index).startswith("https:"):
            # Over plain HTTP anybody in between could have put a certificate of their own there.
            answer = replace(answer, root_ca=None)
            if answer.private_key is not None:
                self._witness.observation(LOOKUP_KEY_IN_CLEAR, LOOKUP, "results.privateKey came over plain HTTP")
        self._answer = _kept(answer)
        self._failures = 0
        self._used = False

    async def connect(self, session: Session) -> None:
        """Open the connection for `session`.

        Raises:
            FlowFailed: If it cannot be opened.
        """
        answer, used = self._answer, self._used
        assert answer is not None, "looked up before"
        self._used = True
        self._shown = answer
        if self._again is LookupAgain.EACH_CONNECT:
            self._answer = None
        env = self._env
        started, before = env.clock.wall(), env.clock.monotonic()
        code = INTERNAL_ERROR
        failed = None
        try:
            await env.network.connect(answer, session, index=self._spec.index)
            code = SUCCESS
        except NetworkError as error:
            failed = error
            code = error.kind
            self.failed()
            told = f"{error}; {KEPT_ADDRESS}" if used and code.startswith(_REFUSED) else str(error)
            env.recorder.detail(CONNECT, code, told, env.clock.wall())
            raise FlowFailed(CONNECT, error.kind, told) from error
        except asyncio.CancelledError:
            # It may have opened at the very moment at which it was broken off.
            code = DISCONNECTED
            session.abort(EndReason.STOPPED)
            raise
        finally:
            lasted = env.clock.monotonic() - before
            env.recorder.request(CONNECT, started, lasted if failed is None else failed.lasted(lasted), code, 0, 0, 0.0)

    def worked(self) -> None:
        """The device came online by the kept answer."""
        self._failures = 0

    def refused(self) -> None:
        """The platform itself turned the device away: by its certificate, perhaps, where it has one of the look-up."""
        if self._answer is not None and self._answer.certificate is not None:
            self.failed()

    def another_named(self) -> str:
        """What to add to a refusal: whom the look-up's certificate names, where that is not this device."""
        certificate = None if self._shown is None else self._shown.certificate
        if certificate is None or self._spec.credentials.sn in device_certificate.names_in(certificate):
            return ""
        return f"; the look-up's certificate is {device_certificate.in_words(certificate)}"

    @property
    def private_key(self) -> str | None:
        """The key of the look-up's answer by which the last connection was made."""
        return None if self._shown is None else self._shown.private_key

    def rebooted(self) -> None:
        """The device goes down, and perhaps forgets where its broker was."""
        if self._again is LookupAgain.AFTER_REBOOT:
            self._answer = None

    def failed(self) -> None:
        """The kept answer led nowhere, or to somebody who does not answer as a platform does."""
        self._failures += 1
        if self._failures >= _FAILURES_BEFORE_NEW_LOOKUP:
            self._answer = None
