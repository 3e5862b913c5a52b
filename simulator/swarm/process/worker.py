"""A worker of a distributed run: it runs devices under indexes leased from the master.

It needs no file of its own. When the master falls silent, its devices are dropped before their leases end: the engine
does that by itself (`Engine.keep_until`), because this side may be the one that is stuck.
"""

import logging
import time
from functools import partial
from typing import Any

import gevent
import gevent.event
from locust.exception import RPCError

from reports.causes import sentence
from reports.labels import short_name
from simulator.clock import JUMP_S, JumpWatch
from simulator.exit_codes import ExitCode
from simulator.faults import describe
from simulator.fleet.state_keeper import WRITE_INTERVAL
from simulator.measurements.findings import Finding, Value
from simulator.scenario.scenario import Scenario
from simulator.swarm.generator.generator import Generator, RuntimeFactory
from simulator.swarm.generator.health import limits_of
from simulator.swarm.locust.request_event import RequestEvent
from simulator.swarm.off_the_hub import off_the_hub
from simulator.swarm.open_files import OpenFilesError, allow_open_files, most_devices
from simulator.swarm.process import messages
from simulator.swarm.process.base import START_FAILURES, Role
from simulator.swarm.process.clock_offset import ROUNDS
from simulator.swarm.process.index_ranges import Ranges
from simulator.swarm.process.leases import MOST_AHEAD, MOST_AT_ONCE, RENEWALS
from simulator.swarm.process.liveness import send_heartbeats
from simulator.swarm.process.part import Part
from simulator.swarm.run.order import OtherVersionError, RunOrder, scenario_of
from simulator.swarm.run.runtime_factory import runtime_factory
from simulator.swarm.tasks import counted, spawn
from simulator.texts.translation import _

logger = logging.getLogger("simulator.swarm")

BUNDLE_S = 0.02
"""Users that come at once ask for their indexes in one message."""
SPARE_S = 1.0
"""What was granted ahead and no user took for so long goes back."""
COMPARE_TIMEOUT_S = 5.0
"""For an answer about the master's clock; the run goes on without it."""


class Worker(Role):
    """Has a generator; the run itself is the master's."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._part: Part | None = None
        self._leaving = False
        self._latest: Part | None = None
        """The part in the latest run, also when that is over: it is remembered what became of its devices."""
        for kind, listener, concurrent in (
            (messages.RUN, self._on_run, False),
            (messages.LEASE, self._on_lease, False),
            (messages.STOP, self._on_stop, True),
            (messages.CLOCK, self._on_clock, False),
            (messages.PLATFORM, self._on_platform, False),
            (messages.ASK, self._on_ask, True),
        ):
            self.runner.register_message(kind, counted(kind, listener, self.failed), concurrent=concurrent)
        report = counted("listener.report", self._on_report, self.failed)
        self.environment.events.report_to_master.add_listener(report)
        self._send(messages.ASK_RUN, {})

    def test_start(self) -> None:
        """Nothing: the run began when its order came, which may be before or after Locust's spawn message."""

    def test_stopping(self) -> None:
        part = self._part
        if part is not None and not part.over and not self._leaving and part.holder.ran_out(time.monotonic()):
            # Locust gives up a master that it hears no more of, and would call that a right end.
            logger.error(_("this worker has lost its master: what it measured since then stands in no report"))
            self.environment.process_exit_code = ExitCode.INVALID
        self._end_part()

    def test_stop(self) -> None:
        part = self._part
        if part is not None and part.over:
            self._part = None
            if part.generator is not None:
                part.generator.detach()

    def internal_error(self, rule: str, detail: str) -> None:
        if self._part is not None:
            self._part.measurements.internal_errors.add(rule, detail, self.clock.wall())

    def failed(self, rule: str, detail: str) -> None:
        part = self._part
        if part is not None:
            self._fail(part.order.run_id, "internal_error", count=1, example=f"{rule}: {detail}")

    def stop_and_quit(self, signal_name: str) -> None:
        self._leaving = True
        self._end_part()
        self.runner.quit()

    def finished(self) -> None:
        """The master says what there is to say."""

    # --- The run ---

    def _on_run(self, msg: Any, **_others: Any) -> None:
        run_id = str(msg.data.get("run_id"))
        if self._part is not None and self._part.order.run_id == run_id:
            return
        try:
            order = RunOrder.from_wire(msg.data)
        except OtherVersionError as error:
            self._refuse(run_id, str(error))
            return
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            problem = _(
                "it cannot read its master's order; are they of one version? ({describe})", describe=describe(error)
            )
            self._refuse(run_id, problem)
            return
        self.clock.begin()
        self._part = self._latest = part = Part(order, self.runner.client_id)
        spawn("background.begin", self._begin, part, on_error=self.failed)

    def _refuse(self, run_id: str, problem: str) -> None:
        logger.error(_("this worker cannot take part: %s"), problem)
        self._fail(run_id, "worker_refused", worker=self.runner.client_id, problem=problem)

    def _begin(self, part: Part) -> None:
        self._compare_clocks(part)
        try:
            # A quarter of a million identities take longer than Locust waits for a heartbeat.
            scenario, make_runtime = off_the_hub(partial(self._read, part))
            if part.over:
                return
            lease_s = scenario.document.workers.lease
            send_heartbeats(lease_s)
            part.renewal_s = lease_s / RENEWALS
            part.measurements.attendance.keeps_rows = scenario.document.report.attendance
            generator = self._make_generator(part, scenario, make_runtime)
            generator.start()
            for number in part.away:
                generator.platform_changed(number, True)
        except (*START_FAILURES, OpenFilesError, ValueError) as error:
            self._refuse(part.order.run_id, str(error))
            return
        part.asking = spawn("background.lease", self._ask, part, on_error=self.failed)
        if scenario.document.state_file is not None:
            part.telling = spawn("background.unsent", self._tell_unsent, part, on_error=self.failed)

    def _read(self, part: Part) -> tuple[Scenario, RuntimeFactory]:
        scenario = self.choice.scenario
        if scenario is None or scenario.text != part.order.scenario_text:
            scenario = scenario_of(part.order)
        return scenario, runtime_factory(part.order, scenario, self.clock, part.logins, part.unsent, part.travelled)

    def _make_generator(self, part: Part, scenario: Scenario, make_runtime: RuntimeFactory) -> Generator:
        allow_open_files(part.order.share)
        part.generator = Generator(
            make_runtime,
            part.measurements,
            RequestEvent(self.environment),
            self,
            clock=self.clock,
            limits=limits_of(scenario),
            worker=short_name(self.runner.client_id),
        )
        return part.generator

    def _end_part(self) -> None:
        """Stop the devices in order and report the last figures; returns when that is done."""
        part = self._part
        if part is None:
            return
        if part.over:
            part.done.wait()
            return
        part.over = True
        try:
            if part.generator is not None:
                # Questions go on while devices deliver their records: their indexes are still in use.
                part.generator.finish(part.order.drain_s, part.order.closing_s)
            for greenlet in (part.asking, part.telling):
                if greenlet is not None:
                    greenlet.kill()
            self._report_last(part)
        finally:
            part.done.set()

    def _report_last(self, part: Part) -> None:
        self._send_unsent(part)
        try:
            self.runner._send_stats()  # Locust has no public way to report before the three seconds are over
            for _drain in range(part.measurements.attendance.drains_due):
                self.runner._send_stats()
        except RPCError as error:
            logger.error(_("the last figures did not reach the master: %s"), error)
            return
        self._send(messages.STOPPED, {"run": part.order.run_id, "leaving": self._leaving})

    def _on_stop(self, msg: Any, **_others: Any) -> None:
        part = self._part
        if part is not None and part.order.run_id == msg.data["run"]:
            self._end_part()

    def _on_platform(self, msg: Any, **_others: Any) -> None:
        part = self._part
        if part is None or part.order.run_id != msg.data["run"]:
            return
        number, away = msg.data["number"], msg.data["away"]
        (part.away.add if away else part.away.discard)(number)
        # An engine that is not there yet is told when it is.
        if part.generator is not None and part.generator.running:
            part.generator.platform_changed(number, away)
        self._send(messages.PLATFORM, dict(msg.data))

    def _on_ask(self, msg: Any, **_others: Any) -> None:
        part, data = self._latest, msg.data
        generator = None if part is None or part.order.run_id != data["run"] else part.generator
        answer = None if generator is None else generator.ask(data["question"])
        self._send(messages.TOLD, {"number": data["number"], "answer": answer})

    def _on_report(self, data: dict[str, Any], **_others: Any) -> None:
        if self._part is not None:
            data[messages.DELTA] = self._part.measurements.drain_delta()
            data[messages.LOGINS] = self._part.logins.drain()

    def _send(self, kind: str, data: dict[str, Any]) -> bool:
        """Whether it left."""
        try:
            self.runner.send_message(kind, data)
        except RPCError as error:
            logger.warning(_("the master does not get %s: %s"), kind, error)
            return False
        return True

    # --- Unsent records ---

    def _tell_unsent(self, part: Part) -> None:
        while True:
            gevent.sleep(WRITE_INTERVAL)
            self._send_unsent(part)

    def _send_unsent(self, part: Part) -> None:
        changes = part.unsent.drain()
        if changes and not self._send(messages.UNSENT, {"run": part.order.run_id, "changes": changes}):
            part.unsent.put_back(changes)

    # --- The clock ---

    def _compare_clocks(self, part: Part) -> None:
        """Go by the master's clock from now on: samples of all workers stand on one axis."""
        for _round in range(ROUNDS):
            part.compared.clear()
            self._send(messages.CLOCK, {"run": part.order.run_id, "sent": self.clock.wall()})
            if not part.compared.wait(timeout=COMPARE_TIMEOUT_S) or part.over:
                break
        worker = self.runner.client_id
        if not part.offset.known:
            self._find(part, "clock_not_compared", worker=worker)
            return
        ahead = part.offset.ahead_s
        self.clock.follow(ahead)
        if abs(ahead) > JUMP_S:
            self._find(part, "clock_off", worker=worker, ahead_s=round(-ahead, 3))

    def _on_clock(self, msg: Any, **_others: Any) -> None:
        part = self._part
        if part is not None and msg.data["run"] == part.order.run_id:
            part.offset.add(msg.data["sent"], msg.data["time"], self.clock.wall())
            part.compared.set()

    # --- Leases ---

    def _ask(self, part: Part) -> None:
        """Renew the lease every few seconds, and ask at once when users wait."""
        jumps = JumpWatch(self.clock)
        while True:
            jumped = jumps.look()
            if jumped is not None:
                self._find(part, "clock_jumped", process=self.runner.client_id, seconds=round(jumped, 3))
            part.wanted.clear()
            part.answered.clear()
            self._question(part)
            asked = time.monotonic()
            # One question at a time: grants are taken from the newest answer only.
            part.answered.wait(timeout=part.renewal_s)
            self._wait_to_ask(part, asked + part.renewal_s)
            gevent.sleep(BUNDLE_S)

    def _wait_to_ask(self, part: Part, until: float) -> None:
        """Until users wait, or the monotonic time `until`, or what was granted ahead seems to be too much."""
        assert part.generator is not None, "who asks has one"
        pool, before = part.generator.indexes, -1
        while (left := until - time.monotonic()) > 0:
            if pool.free and pool.in_use == before:
                return
            before = pool.in_use
            if part.wanted.wait(timeout=min(left, SPARE_S) if pool.free else left):
                return

    def _question(self, part: Part) -> None:
        generator = part.generator
        if generator is None:
            return
        # First: what is not this worker's any more may be another's with the answer.
        self._send_unsent(part)
        part.give_back(Ranges.of(generator.indexes.withdraw()))
        want = ahead = 0
        if generator.running:
            # Others' devices may come to be dealt here: never more than this process has files for.
            room = most_devices() - generator.indexes.in_use
            want = min(generator.indexes.waiting, max(0, room))
            ahead = min(MOST_AHEAD, room - want)
            if want < generator.indexes.waiting and not part.full:
                part.full = True
                self._find(part, "worker_full", worker=self.runner.client_id, devices=most_devices())
        question = part.holder.question(want, time.monotonic(), ahead=ahead, busy=generator.overloaded)
        self._send(messages.LEASE, question | {"run": part.order.run_id})

    def _on_lease(self, msg: Any, **_others: Any) -> None:
        part = self._part
        if part is None or part.generator is None or msg.data["run"] != part.order.run_id:
            return
        generator = part.generator
        granted, lost = part.holder.accept(msg.data, time.monotonic())
        generator.keep_until(part.holder.valid_until)
        dropped = set(lost).intersection(generator.indexes.used())
        part.lost |= dropped
        generator.drop(dropped)
        part.give_back(lost - Ranges.of(dropped))
        if granted:
            part.travelled.unpack(msg.data, granted)
            for sn, rows in msg.data.get("unsent", {}).items():
                part.unsent.give(sn, rows)
        generator.give(granted)
        if msg.data["short"] and generator.turn_away():
            logger.error(_("users were turned away: the fleet has no more devices"))
        if len(granted) >= MOST_AT_ONCE:
            # There may be more for those who still wait.
            part.wanted.set()
        part.answered.set()

    # --- GeneratorOwner ---

    def indexes_wanted(self) -> None:
        if self._part is not None:
            self._part.wanted.set()

    def index_free(self, index: int) -> None:
        part = self._part
        if part is None or part.generator is None:
            return
        usable = index not in part.lost and not part.holder.expired(time.monotonic())
        part.lost.discard(index)
        if usable and part.generator.indexes.waiting and part.generator.running:
            part.generator.give((index,))
        else:
            part.give_back(Ranges.of((index,)))

    def fenced(self, devices: int) -> None:
        part = self._part
        if part is not None:
            # Called in the hub, where nothing may wait for a socket.
            find = partial(self._find, part, "worker_fenced", worker=self.runner.client_id, devices=devices)
            spawn("background.fence", find, on_error=self.failed)

    def generator_failed(self, reason: str) -> None:
        part = self._part
        if part is not None:
            self._fail(part.order.run_id, "engine_died", process=self.runner.client_id, problem=reason)

    def _fail(self, run_id: str, key: str, **values: Value) -> None:
        """Tell the master why this worker cannot go on (a finding of `reports.causes`)."""
        self._send(messages.FAILED, {"run": run_id, "key": key, "values": values})

    def _find(self, part: Part, key: str, **values: Value) -> None:
        """Tell the master what the report has to say (a finding of `reports.causes`)."""
        finding = Finding(key, values)
        logger.warning("%s", sentence(finding))
        self._send(messages.FOUND, {"run": part.order.run_id, **finding.dump()})
