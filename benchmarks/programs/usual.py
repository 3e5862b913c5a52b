"""The locustfile of variant (b), the usual way: one greenlet a device, `websocket-client` in it, one event a request.

What a tester writes after reading Locust's documentation. The initial flow is done once for each device and not
measured; the steady state is the same `dev.heartbeat` at the same platform as ours.
"""

import itertools
import json
import time
import urllib.request
import uuid
from pathlib import Path
from typing import Any

import websocket
from locust import User, constant_pacing, task

from benchmarks.programs.orders import read_order
from benchmarks.programs.steady import SteadyState
from simulator.device.memory import Memory
from simulator.device.people import People
from simulator.device.reporting import report_params
from simulator.fleet.plan import FleetPlan
from simulator.protocol import broker, credentials, envelope
from simulator.scenario.scenario import load_scenario

ORDER = read_order()
PLAN = FleetPlan(load_scenario(Path(ORDER["scenario"])))
"""Who the devices are: the platform knows those of the scenario."""
PEOPLE = People()
indexes = itertools.count()
came_online: list[str] = []
"""Serial numbers."""


class UsualDevice(User):
    """A virtual device as load tests usually have it."""

    wait_time = constant_pacing(ORDER["heartbeat_s"])

    def on_start(self) -> None:
        spec = PLAN.spec(next(indexes))
        self.mids = itertools.count(1)
        self.boot = f"{time.time_ns() // 1_000_000:x}"
        identity = spec.credentials
        query = broker.LookupQuery.build(
            identity.sn, spec.settings.broker_type, uuid.uuid4().hex, time.time_ns() // 1_000_000, identity.secret_key
        )
        with urllib.request.urlopen(query.url(ORDER["dispatch"]), timeout=30) as answer:
            url = envelope.results_of(envelope.decode(answer.read())).get("url")
        if not url:
            raise RuntimeError("the look-up was refused")
        self.ws = websocket.create_connection(url, timeout=30)
        proof = {
            "productId": identity.product_id,
            "devKey": credentials.device_key_digest(identity.dev_key, identity.product_id),
        }
        protocol = {
            "protType": spec.settings.broker_type,
            "protVer": spec.settings.reading.protocol_version,
            "devType": spec.settings.device_type,
        }
        auth_code = self.request("dev.register", {**protocol, **proof}, identity.sn)["authCode"]
        secret = self.request("dev.accredit", {**proof, "authCode": auth_code}, identity.sn)["secret"]
        self.request("dev.login", {**proof, "authCode": auth_code, "secret": secret}, identity.sn)
        memory = Memory(PEOPLE, spec.seed, users=0, locale="zh_CN", max_users=1, max_bio_photos=1)
        self.request("dev.report", report_params(spec.settings, identity.sn, memory, 0), identity.sn)
        came_online.append(identity.sn)

    @task
    def heartbeat(self) -> None:
        self.request("dev.heartbeat", {"isFree": "1"})

    def request(self, func_id: str, params: dict[str, Any], sn: str | None = None) -> dict[str, Any]:
        """Send a request, wait for its reply and tell Locust."""
        message: dict[str, Any] = {
            "funcId": func_id,
            "imme": "0",
            "mid": f"{self.boot}{next(self.mids)}",
            "payload": {"params": params},
        }
        if sn is not None:
            message["sn"] = sn
        started = time.time()
        begin = time.perf_counter()
        failure: Exception | None = None
        reply: dict[str, Any] = {}
        data: str | bytes = b""
        try:
            self.ws.send(json.dumps(message))
            data = self.ws.recv()
            reply = json.loads(data)
            if reply["mid"] != message["mid"] or reply["code"] != "00000000":
                failure = RuntimeError(reply["code"])
        except (OSError, websocket.WebSocketException) as error:
            failure = error
        self.environment.events.request.fire(
            request_type="BEST",
            name=func_id,
            response_time=(time.perf_counter() - begin) * 1000,
            response_length=len(data),
            response=None,
            context={},
            exception=failure,
            start_time=started,
        )
        return reply.get("payload", {}).get("results", {})  # type: ignore[no-any-return]


SteadyState(lambda environment: len(came_online)).install()
