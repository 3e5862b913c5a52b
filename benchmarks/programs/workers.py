"""Many workers in one process, as a master sees them: Locust's messages, our leases, and a report every three seconds.

No device lives here. Each worker counts made-up requests exactly as a real one does, so that its reports have the size
and shape of real ones.
"""

import os
import random
import time
from collections.abc import Callable
from typing import Any

import zmq
from locust import __version__ as locust_version
from locust.rpc.protocol import Message
from locust.runners import HEARTBEAT_INTERVAL, WORKER_REPORT_INTERVAL
from locust.stats import RequestStats

from benchmarks.programs.orders import read_order
from simulator.measurements.events import COMMAND, FLOW, REQUEST, Event
from simulator.measurements.health import HealthSample
from simulator.measurements.run import RunMeasurements
from simulator.protocol.codes import SUCCESS
from simulator.scenario.sections.run import LEASE_S
from simulator.swarm.locust import percentiles
from simulator.swarm.locust.request_event import REQUEST_TYPE
from simulator.swarm.process import messages
from simulator.swarm.process.leases import RENEWALS, LeaseHolder
from simulator.swarm.process.liveness import heartbeat_s
from simulator.swarm.security.guarded_rpc import guard_worker, message_of, pieces
from simulator.swarm.security.token import Token, token_for

POLL_MS = 5
MIX = {
    "dev.heartbeat": 0.60,
    "dev.data.upload.verifyLog": 0.16,
    "dev.data.upload.verifyPhoto": 0.16,
    "dev.data.upload.contentUpload": 0.05,
    "dev.data.upload.user": 0.01,
    "dev.system.sync.time": 0.01,
    "getBrokerServer": 0.01,
}
"""Requests by name in their shares, as a fleet in its steady state sends them."""


class SimulatedWorker:
    """One identity on the master's socket."""

    def __init__(
        self, context: "zmq.Context[zmq.Socket[bytes]]", port: int, number: int, rate: float, token: Token
    ) -> None:
        self.name = f"simulated_{number:03d}"
        self.socket = context.socket(zmq.DEALER)
        self.socket.setsockopt(zmq.IDENTITY, self.name.encode())
        guard_worker(self.socket, token)
        self.socket.connect(f"tcp://127.0.0.1:{port}")
        self._rate = rate
        self._random = random.Random(number)
        self._stats = RequestStats()
        # Locust's own annotation says int; its documentation, milliseconds with fractions.
        self._log: Callable[..., None] = self._stats.log_request
        self._measurements: RunMeasurements | None = None
        self._holder = LeaseHolder()
        self._users: dict[str, int] = {}
        self._state = "ready"
        self._heartbeat_s = HEARTBEAT_INTERVAL
        self._counted = time.time()
        self._next_heartbeat = time.monotonic() + number % 50 / 50
        self._next_report = self._next_heartbeat + WORKER_REPORT_INTERVAL * self._random.random()
        self._next_lease = float("inf")
        self.send("client_ready", locust_version)
        self.send(messages.ASK_RUN, {})

    def send(self, kind: str, data: Any) -> None:
        self.socket.send_multipart(pieces(Message(kind, data, self.name)))  # type: ignore[no-untyped-call]

    def receive(self) -> None:
        """Handle one message of the master."""
        message = message_of(self.socket.recv_multipart())
        kind, data = message.type, message.data
        if kind == messages.RUN:
            self._measurements = RunMeasurements(self.name, data["run_id"])
            self._counted = time.time()
            self._next_lease = time.monotonic()
            self._heartbeat_s = heartbeat_s(LEASE_S)
        elif kind == messages.LEASE:
            granted, _ = self._holder.accept(data, time.monotonic())
            self._holder.held = self._holder.held | granted
        elif kind == "spawn":
            self.send("spawning", None)
            self._users = data["user_classes_count"]
            self._state = "running"
            self.send("spawning_complete", {"user_classes_count": self._users, "user_count": self._user_count})
            self._next_lease = time.monotonic()
        elif kind == messages.STOP and self._measurements is not None:
            self._report()
            self.send(messages.STOPPED, {"run": data["run"], "leaving": False})
        elif kind == "stop":
            self._users = dict.fromkeys(self._users, 0)
            self._state = "ready"
            self.send("client_stopped", None)

    @property
    def _user_count(self) -> int:
        return sum(self._users.values())

    def act(self, now: float) -> None:
        """Send what is due at the monotonic time `now`."""
        if now >= self._next_heartbeat:
            self._next_heartbeat = now + self._heartbeat_s
            usage = {"state": self._state, "current_cpu_usage": 50.0, "current_memory_usage": 500_000_000}
            self.send("heartbeat", usage)
        if now >= self._next_report:
            self._next_report = now + WORKER_REPORT_INTERVAL
            self._report()
        if now >= self._next_lease and self._measurements is not None:
            self._next_lease = now + LEASE_S / RENEWALS
            question = self._holder.question(max(0, self._user_count - len(self._holder.held)), now)
            self.send(messages.LEASE, question | {"run": self._measurements.run_id})

    def _report(self) -> None:
        data: dict[str, Any] = {}
        if self._measurements is not None:
            self._count(self._measurements)
            data[messages.DELTA] = self._measurements.drain_delta()
        data["stats"] = self._stats.serialize_stats()
        data["stats_total"] = self._stats.total.get_stripped_report()
        data["errors"] = self._stats.serialize_errors()
        data["user_classes_count"] = self._users
        data["user_count"] = self._user_count
        self.send("stats", data)

    def _count(self, measurements: RunMeasurements) -> None:
        """Make up what happened since the last report."""
        since, self._counted = self._counted, time.time()
        if self._state != "running":
            return
        seconds = self._counted - since
        pick = self._random
        happened: list[Event] = []
        for name, share in MIX.items():
            for _ in range(round(share * self._rate * seconds)):
                latency = pick.lognormvariate(-4.0, 0.6)
                happened.append((REQUEST, name, since + pick.random() * seconds, latency, SUCCESS, 100, 100, 0.001, ""))
                self._log(REQUEST_TYPE, name, latency * 1000, 100)
        for _ in range(round(0.05 * self._rate * seconds)):
            at = since + pick.random() * seconds
            happened.append((FLOW, "record_delivery", at, pick.lognormvariate(-3.0, 0.6), SUCCESS, ""))
            happened.append((COMMAND, "cmd.data.update.user", at, 0.02, SUCCESS, False))
        measurements.apply(happened)
        for second in range(round(seconds)):
            measurements.sample_health(HealthSample(since + second, 50.0, 500.0, 10, 0))


def run(order: dict[str, Any]) -> None:
    """Serve until the process is ended."""
    percentiles.install()
    context = zmq.Context()
    poller = zmq.Poller()
    # The same user's master on this machine has the same one.
    token = token_for(os.environ, None, peer="127.0.0.1", worker=True, forks=False)
    by_socket = {}
    for number in range(order["workers"]):
        worker = SimulatedWorker(context, order["port"], number, order["rate"], token)
        poller.register(worker.socket, zmq.POLLIN)
        by_socket[worker.socket] = worker
    while True:
        for socket, _ in poller.poll(POLL_MS):
            by_socket[socket].receive()
        now = time.monotonic()
        for worker in by_socket.values():
            worker.act(now)


if __name__ == "__main__":
    run(read_order())
