"""The master of a distributed run: coordinates it, leases device indexes, and waits for every worker's last figures.

It runs no device. Workers get everything from here; see `worker` for their side and `leases` for the rules.
"""

import logging
import time
from collections.abc import Mapping
from functools import cache, partial
from typing import Any

import gevent
from locust.runners import STATE_MISSING, STATE_RUNNING, STATE_SPAWNING

from reports.causes import sentence
from reports.labels import short_name
from reports.writer import OUTPUT_FAILED
from simulator.fleet.identities import IdentitySource
from simulator.fleet.travelled import parcel
from simulator.fleet.warm_state import WarmStateError
from simulator.measurements.findings import Finding
from simulator.measurements.names import DeviceState
from simulator.shown import printable
from simulator.swarm.generator.generator import STOP_MARGIN_S
from simulator.swarm.generator.pump import fold_errors
from simulator.swarm.off_the_hub import off_the_hub
from simulator.swarm.process import messages
from simulator.swarm.process.children import keep_ended
from simulator.swarm.process.coordinator import Coordinator
from simulator.swarm.process.fleet_view import FleetView, WorkersView, devices_of_groups
from simulator.swarm.process.index_ranges import Ranges
from simulator.swarm.process.inquiry import Inquiry
from simulator.swarm.process.leases import LeaseTable
from simulator.swarm.process.liveness import expect_heartbeats
from simulator.swarm.process.losses import LostDevices, Recovery, Replacing
from simulator.swarm.process.state_file import StateFile, open_state_file
from simulator.swarm.process.waiting import Waiting
from simulator.swarm.run.order import RunOrder, identities_in, plan_of
from simulator.swarm.run.run import Run
from simulator.swarm.tasks import counted, spawn
from simulator.texts.translation import _

logger = logging.getLogger("simulator.swarm")

POLL_S = 0.05
WATCH_S = 1.0
LATE_S = 0.5
"""Later than this for its look of every second, the master has more to do than it can."""
TOLD_S = 1.5
"""For the workers' answers that their devices know of the platform; the schedule does not wait for them any longer."""
REPORT_MARGIN_S = 5.0
"""For the last report of a worker that was busy until then to arrive."""


class Master(Coordinator):
    """Coordinates the run and has no generator: the workers have."""

    process_name = "master"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._leases: LeaseTable | None = None
        self._identities: IdentitySource | None = None
        self._stopped: set[str] = set()
        self._heard: dict[str, float] = {}
        """Workers that know of this run, and when each was heard of last, or told (epoch seconds)."""
        self._took_part: set[str] = set()
        """Those of them that asked for devices."""
        self._silent: set[str] = set()
        """Those whose lease has run out."""
        self._busy: set[str] = set()
        """Those that say that they are overloaded."""
        self._fenced = False
        """Whether one has dropped its devices by itself."""
        self._lost = LostDevices()
        self._replacing: Replacing | None = None
        self._recovery: Recovery | None = None
        self._watch: gevent.Greenlet | None = None
        self._knowing: set[tuple[str, int, bool]] = set()
        """Workers whose devices know that the platform goes away by a fault of this number, or is back after it."""
        self._short = False
        self._state_file: StateFile | None = None
        self._waiting = Waiting(self.options, keep_ended(self.options.processes), time.monotonic())
        spawn("background.children", self._look_after_children, on_error=self.failed)
        self._inquiry = Inquiry(self._send)
        self._view: WorkersView | None = None
        for kind, listener in (
            (messages.ASK_RUN, self._on_ask_run),
            (messages.LEASE, self._on_lease),
            (messages.STOPPED, self._on_stopped),
            (messages.FAILED, self._on_failed),
            (messages.FOUND, self._on_found),
            (messages.CLOCK, self._on_clock),
            (messages.UNSENT, self._on_unsent),
            (messages.PLATFORM, self._on_platform),
            (messages.TOLD, self._on_told),
        ):
            self.runner.register_message(kind, counted(kind, listener, self.internal_error))
        events = self.environment.events
        events.worker_report.add_listener(counted("listener.report", self._on_report, self.internal_error))
        events.worker_connect.add_listener(counted("listener.connect", self._on_connect, self.internal_error))

    def view(self) -> FleetView | None:
        return self._view

    def test_start(self) -> None:
        self._leases = self._view = self._identities = None
        self._stopped.clear()
        self._heard.clear()
        self._took_part.clear()
        self._silent.clear()
        self._busy.clear()
        self._fenced = False
        self._knowing.clear()
        self._short = False
        run = self.open_run(travels=True)
        if run is not None and run.order is not None and self._open_state_file(run):
            self._identities = identities_in(run.order, run.scenario)
            workers = run.scenario.document.workers
            self._leases = LeaseTable(run.order.total, lease_s=workers.lease, quarantine_s=workers.quarantine)
            self._replacing = Replacing(self.runner, self.internal_error)
            self._recovery, self._lost = Recovery(workers.recovery), LostDevices()
            expect_heartbeats(workers.lease)
            self._view = self._view_of(run, run.order)
            self.runner.send_message(messages.RUN, run.order.to_wire())
            present = [worker.id for worker in self.runner.clients.all if worker.state != STATE_MISSING]
            self._heard.update(dict.fromkeys(present, self.clock.wall()))
            self._watch = gevent.spawn(self._look_every_second)
            run.begin_weather(self._tell_of_platform)

    def _view_of(self, run: Run, order: RunOrder) -> WorkersView:
        groups = devices_of_groups(run.scenario, order.total)
        plan = cache(partial(off_the_hub, partial(plan_of, order, run.scenario)))
        return WorkersView(run.run_id, order.total, groups, plan=plan, inquiry=self._inquiry, present=self._present)

    def _open_state_file(self, run: Run) -> bool:
        self._close_state_file()
        try:
            self._state_file = open_state_file(run, self.internal_error)
        except WarmStateError as error:
            self.start_failed(error)
            return False
        return True

    def _close_state_file(self) -> None:
        state_file, self._state_file = self._state_file, None
        if state_file is not None:
            problem = state_file.close()
            if problem is not None and self.run is not None:
                self.run.find(OUTPUT_FAILED, file=printable(str(self.run.scenario.state_file)), problem=problem)

    def test_stopping(self) -> None:
        run = self.run
        if run is not None:
            run.begin_end()
        if run is None or run.order is None or self._leases is None:
            return
        self._find_idle_workers(run)
        lost = self._lost.found(self._leases, self._took_part - self._present(), time.monotonic())
        if lost is not None:
            run.find(lost.key, **lost.values)
        self._end_watch()
        for worker in self._present() - self._stopped:
            self._send(worker, messages.STOP, {"run": run.run_id})
        limit = run.order.drain_s + run.order.closing_s + STOP_MARGIN_S + REPORT_MARGIN_S
        deadline = time.monotonic() + limit
        # Looked at anew each time: a worker may go missing meanwhile, or come back.
        while self._present() - self._stopped and time.monotonic() < deadline:
            gevent.sleep(POLL_S)

    def test_stop(self) -> None:
        run = self.run
        if run is None:
            return
        if self._leases is not None:
            self._leases = None
            self._account_for_workers()
        self._close_state_file()
        self.close_run()

    def _find_idle_workers(self, run: Run) -> None:
        """Workers that were given users and never asked for a device: a part of the fleet that never lived."""
        for worker in self.runner.clients.all:
            if worker.user_count and worker.id not in self._took_part and worker.state != STATE_MISSING:
                run.find("worker_idle", worker=worker.id, users=worker.user_count)

    def _account_for_workers(self) -> None:
        """What workers did not tell any more is missing from the figures: say so."""
        run = self.run
        if run is None:
            return
        measurements = run.measurements
        lost = self._heard.keys() - self._stopped - self._idle()
        # Who was lost first may be why others are.
        for last, worker in sorted((self._heard[worker], worker) for worker in lost):
            measurements.worker_lost(worker, last)
            run.find("worker_lost", worker=worker, at=last)
        if all(worker.state == STATE_MISSING for worker in self.runner.clients.all):
            run.find_early_end("workers_gone")

    def _present(self) -> set[str]:
        """Workers of this run that are there."""
        return {
            worker.id
            for worker in self.runner.clients.all
            if worker.state != STATE_MISSING and worker.id in self._heard
        }

    def _idle(self) -> set[str]:
        """Workers that are there and never asked for a device: nothing of theirs can be missing."""
        return self._present() - self._took_part

    # --- Before the run, and while it goes on ---

    def _look_after_children(self) -> None:
        """Take note of forked workers that end, and end the process where a run cannot begin for want of workers."""
        awaited = self.options.headless or self.options.autostart
        while True:
            gevent.sleep(WATCH_S)
            self._waiting.look()
            if awaited and self.run is None and not self.preparing and not self._interrupted:
                obstacle = self._waiting.obstacle(len(self.runner.clients.ready), time.monotonic())
                if obstacle is not None or self.platform_is_gone:
                    self.end_before_it_began(obstacle)

    def _look_every_second(self) -> None:
        clock = self.clock
        look = counted("background.workers", self._look, self.internal_error)
        while True:
            slept = clock.monotonic()
            gevent.sleep(WATCH_S)
            look(clock.monotonic() - slept - WATCH_S)

    def _look(self, late_s: float) -> None:
        """See whether this process itself stood still, and which devices have no living worker."""
        run, leases = self.run, self._leases
        if run is None or leases is None:
            return
        run.measurements.health.stalled(self.process_name, late_s)
        now = time.monotonic()
        leases.sweep(now)
        at = self.clock.wall()
        devices = run.measurements.devices
        silent = leases.silent(now)
        self._lost.look(silent)
        for worker, held in silent.items():
            run.measurements.worker_lost(worker, at)
            if worker not in self._silent:
                logger.error(
                    _("worker %s has been silent for %g s: its %d devices count as lost, others get them in %g s"),
                    *(short_name(worker), leases.lease_s, len(held), leases.quarantine_s),
                )
        self._silent = set(silent)
        if self._replacing is not None:
            self._replacing.look(self._took_part, held_up=late_s > LATE_S or bool(self._busy & self._present()))
        leases.deal_rate = max(1.0, float(self.runner.spawn_rate))
        missing = max(0, min(leases.missing(now), self.runner.target_user_count - leases.in_use(now)))
        devices.missing(missing, at)
        self._see_whether_it_recovers(run, missing, now)

    def _see_whether_it_recovers(self, run: Run, missing: int, now: float) -> None:
        recovery = self._recovery
        if recovery is None or run.aborted or self.runner.state not in (STATE_SPAWNING, STATE_RUNNING):
            return
        online = run.measurements.devices.gauge.get(DeviceState.ONLINE.value, 0)
        lost = self._fenced or bool(self._took_part - self._present())
        wanted = self.runner.target_user_count
        if recovery.overdue(now, lost=lost, missing=missing, online=online, wanted=wanted):
            run.find("not_recovered", within_s=recovery.bound_s, online=online, before=recovery.before)
            run.abort(sentence(run.findings[-1]))

    def _end_watch(self) -> None:
        if self._watch is not None:
            self._watch.kill()
            self._watch = None
        if self.run is not None:
            # Nobody should be online any more.
            self.run.measurements.devices.missing(0, self.clock.wall())

    def _send(self, worker: str, kind: str, data: Mapping[str, Any]) -> None:
        self.runner.send_message(kind, dict(data), client_id=worker)

    def _send_run(self, worker: str) -> None:
        if self.run is not None and self.run.order is not None and self._leases is not None:
            self._heard[worker] = self.clock.wall()
            self._send(worker, messages.RUN, self.run.order.to_wire())
            for number in self.run.weather.away if self.run.weather is not None else ():
                self._send(worker, messages.PLATFORM, {"run": self.run.run_id, "number": number, "away": True})

    def _tell_of_platform(self, number: int, away: bool) -> None:
        """Have all workers know that the embedded platform goes, or is back; returns when they do."""
        if self.run is None:
            return
        asked = self._present()
        for worker in sorted(asked):
            self._send(worker, messages.PLATFORM, {"run": self.run.run_id, "number": number, "away": away})
        deadline = time.monotonic() + TOLD_S
        # Looked at anew each time: a worker may go missing meanwhile.
        while time.monotonic() < deadline:
            if all((worker, number, away) in self._knowing for worker in asked & self._present()):
                break
            gevent.sleep(POLL_S)

    # --- Messages and events ---

    def _on_connect(self, client_id: str, **_: Any) -> None:
        # Before Locust's own spawn message to it. A worker that is not ready for this asks again.
        self._send_run(client_id)

    def _on_ask_run(self, msg: Any, **_: Any) -> None:
        self._send_run(msg.node_id)

    def _on_lease(self, msg: Any, **_: Any) -> None:
        run, leases = self.run, self._leases
        if run is None or leases is None or msg.data["run"] != run.run_id:
            return
        worker = msg.node_id
        self._heard[worker] = self.clock.wall()
        self._took_part.add(worker)
        # Known from the first device on: a run that is killed is reported of its checkpoint.
        run.processes = len(self._took_part)
        (self._busy.add if msg.data["busy"] else self._busy.discard)(worker)
        answer = leases.answer(worker, msg.data, time.monotonic())
        if answer is not None:
            if self._view is not None:
                self._view.holders.held(worker, Ranges.from_wire(answer["held"]))
            answer |= {"run": run.run_id, "short": self._too_many_users()}
            self._send(worker, messages.LEASE, answer | self._belongings(run, leases.unseen(worker)))

    def _belongings(self, run: Run, indexes: Ranges) -> dict[str, Any]:
        """What a worker must know of devices that it gets."""
        order, found = run.order, dict[str, Any]()
        if order is not None and self._identities is not None:
            found = parcel(indexes, self._identities, order.logins, listed=order.listed)
        if self._state_file is not None and (unsent := self._state_file.unsent_of(indexes)):
            found["unsent"] = unsent
        return found

    def _too_many_users(self) -> bool:
        """Whether more users were asked for than the fleet has devices."""
        if self.run is None or self.run.order is None or self.runner.target_user_count <= self.run.order.total:
            return False
        if not self._short:
            self._short = True
            self.run.find("users_turned_away", devices=self.run.order.total)
            logger.error(
                _(
                    "more users than the fleet has devices (%d): the fleet's size is fixed when a run starts, so "
                    "stop it and start one with more users"
                ),
                self.run.order.total,
            )
        return True

    def _on_stopped(self, msg: Any, **_: Any) -> None:
        if self.run is not None and msg.data["run"] == self.run.run_id:
            self._stopped.add(msg.node_id)
            if msg.data["leaving"] and not self.run.stopping and not self._interrupted:
                self.run.find("worker_left", worker=msg.node_id)
            if self._leases is not None:
                self._leases.dismiss(msg.node_id)

    def _on_failed(self, msg: Any, **_: Any) -> None:
        run = self.run
        if run is not None and msg.data["run"] == run.run_id:
            key, values = msg.data["key"], msg.data["values"]
            run.find(key, **values)
            self._abort_soon(sentence(Finding(key, values)))

    def _on_found(self, msg: Any, **_: Any) -> None:
        if self.run is not None and msg.data["run"] == self.run.run_id:
            self._fenced = self._fenced or msg.data["key"] == "worker_fenced"
            self.run.find(msg.data["key"], **msg.data["values"])

    def _on_clock(self, msg: Any, **_: Any) -> None:
        self._send(msg.node_id, messages.CLOCK, {**msg.data, "time": self.clock.wall()})

    def _on_report(self, client_id: str, data: Mapping[str, Any]) -> None:
        # Locust's own listener came first and added what this worker counted.
        fold_errors(self.environment.stats.errors)
        delta = data.get(messages.DELTA)
        if delta is not None and self.run is not None:
            if client_id in self._heard:
                self._heard[client_id] = self.clock.wall()
            self.run.measurements.merge_delta(delta)
            if self._state_file is not None:
                self._state_file.keep(data.get(messages.LOGINS, ()))

    def _on_platform(self, msg: Any, **_: Any) -> None:
        if self.run is not None and msg.data["run"] == self.run.run_id:
            self._knowing.add((msg.node_id, msg.data["number"], msg.data["away"]))

    def _on_told(self, msg: Any, **_: Any) -> None:
        self._inquiry.told(msg.data)

    def _on_unsent(self, msg: Any, **_: Any) -> None:
        if self._state_file is not None and self.run is not None and msg.data["run"] == self.run.run_id:
            self._state_file.keep_unsent(msg.data["changes"])
