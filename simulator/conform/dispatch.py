"""The tester's look-ups: right ones, and any that are wrong, over HTTP."""

import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import quote, urlencode

from yarl import URL

from simulator.conform.answers import LookedUp, Unreached
from simulator.conform.site import Site
from simulator.conform.trace import Trace
from simulator.device.environment import NetworkError
from simulator.device.settings import Credentials
from simulator.fleet.http import Http, Way
from simulator.judge.lookup import read_lookup
from simulator.protocol import credentials
from simulator.protocol.broker import LOOKUP_PATH
from simulator.protocol.masking import masked

_MAX_BYTES: Final = 256 * 1024


class Dispatch:
    """Asks a platform where its broker is."""

    def __init__(self, site: Site, http: Http) -> None:
        self._site = site
        self._http = http

    async def look_up(
        self,
        trace: Trace,
        identity: Credentials,
        *,
        change: Mapping[str, str] | None = None,
        drop: Sequence[str] = (),
        query: str | None = None,
    ) -> LookedUp | Unreached:
        """See `Bench.look_up`."""
        values = self.parameters(identity, change or {})
        values = {name: value for name, value in values.items() if name not in drop}
        text = urlencode(values, safe="", quote_via=quote) if query is None else query
        trace.http(
            ">", f"GET {LOOKUP_PATH} {json.dumps(masked(values), ensure_ascii=False) if query is None else '?…'}"
        )
        url = URL(self._url(text), encoded=True)
        began = self._site.clock.monotonic()
        try:
            answer = await self._http.get(url, _MAX_BYTES, Way(None, 0), self._http.deadline())
        except NetworkError as error:
            trace.note(str(error))
            return Unreached(error.kind, str(error))
        ms = (self._site.clock.monotonic() - began) * 1000
        trace.http_body(answer.status, answer.body)
        read = read_lookup(answer.status, answer.body, values.get("type", ""), self._site.clock.wall())
        self._site.judged(read.judgement, "getBrokerServer", self._site.identities.index(identity))
        if read.judgement.unusable is not None:
            self._site.spoiled = str(read.judgement.unusable)
        if read.answer is not None and read.answer.private_key is not None:
            self._site.hide(read.answer.private_key)
        if read.answer is not None and read.answer.url and values.get("type") == self._site.terms.broker_type:
            self._site.broker_url = read.answer.url
        return LookedUp(answer.status, answer.body, read, ms)

    def right_url(self, identity: Credentials) -> str:
        """Of a right look-up."""
        return self._url(urlencode(self.parameters(identity, {}), safe="", quote_via=quote))

    def _url(self, query: str) -> str:
        return f"{self._site.dispatch_url.rstrip('/')}{LOOKUP_PATH}?{query}"

    def parameters(self, identity: Credentials, change: Mapping[str, str]) -> dict[str, str]:
        """The five parameters: a fresh nonce, the time of now, and the sign of all that, unless changed."""
        values = {
            "sn": identity.sn,
            "type": self._site.terms.broker_type,
            "nonce": secrets.token_hex(12),
            "timestamp": str(int(self._site.clock.wall() * 1000)),
            **change,
        }
        sign = credentials.sign(values["sn"], values["nonce"], values["timestamp"], identity.secret_key)
        self._site.hide(sign)
        return {**values, "sign": change.get("sign", sign)}
