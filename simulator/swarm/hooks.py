"""Ties Locust's events to this process' role. `install` is what a locustfile calls."""

import errno
import logging
import os
import socket
import sys
from collections.abc import Callable
from typing import Any

import gevent
from locust import events
from locust.runners import MasterRunner, WorkerRunner

from reports.verdict import code_of
from simulator import printing
from simulator.swarm import early_signals
from simulator.swarm.locust import locust_files, percentiles, steady_time, user_counts
from simulator.swarm.locust import options as command_line
from simulator.swarm.locust.dispatcher import FleetDispatcher
from simulator.swarm.locust.shape import ScenarioShape
from simulator.swarm.locust.signals import OrderlyStop
from simulator.swarm.locust.users import MeetingDevice
from simulator.swarm.metrics.monitoring import Monitoring, name_all_requests
from simulator.swarm.metrics.prometheus import PATH
from simulator.swarm.open_files import OpenFilesError, allow_open_files
from simulator.swarm.process.base import START_FAILURES, Role, start_failure
from simulator.swarm.process.children import note_forks
from simulator.swarm.process.coordinator import Coordinator
from simulator.swarm.process.local import Local
from simulator.swarm.process.master import Master
from simulator.swarm.process.parent import end_with
from simulator.swarm.process.priority import give_way
from simulator.swarm.process.worker import Worker
from simulator.swarm.security import guarded_rpc
from simulator.swarm.security.access import Access
from simulator.swarm.tasks import counted
from simulator.swarm.web.page import add_pages, protect
from simulator.texts.language import speak, wanted
from simulator.texts.translation import _

logger = logging.getLogger("simulator.swarm")


class Hooks:
    """This process from Locust's `init` to its end."""

    def __init__(self) -> None:
        self._role: Role | None = None
        self._signals: OrderlyStop | None = None
        self._monitoring: Monitoring | None = None

    def init(self, environment: Any, **_more: Any) -> None:
        """Locust has read its options and made its runner."""
        choice = command_line.chosen()
        options = environment.parsed_options
        runner = environment.runner
        # Once more, because Locust has made its log handlers meanwhile.
        printing.install()
        if environment.user_classes == [MeetingDevice]:
            # A locustfile may have users of its own beside; these Locust's own dispatcher deals.
            environment.dispatcher_class = FleetDispatcher
        kind = Worker if isinstance(runner, WorkerRunner) else Master if isinstance(runner, MasterRunner) else Local
        if kind is Worker:
            give_way(options.processes)
            if choice.scenario is not None:
                # Read before it was forked; a worker of another master's has none.
                end_with(choice.process)
        if kind is not Worker and choice.scenario is not None:
            ramp = choice.scenario.ramp_plan()
            if choice.shaped:
                if environment.web_ui is None:
                    # The shape ends the run; Locust's own timer would come a second time.
                    options.run_time = None
                environment.shape_class = ScenarioShape(ramp, options)
                environment.shape_class.runner = runner
            if kind is Local:
                devices = choice.scenario.devices if choice.shaped else options.num_users or 1
                try:
                    allow_open_files(devices)
                except OpenFilesError as error:
                    command_line.refuse(str(error))
        self._role = role = kind(environment, choice)
        steady_time.install(role.clock)
        if environment.web_ui is not None:
            check_port(environment.web_ui.host, environment.web_ui.port)
            add_pages(environment.web_ui, role)
            protect(environment.web_ui, choice.access, options.web_base_path or "", (PATH,))
        if isinstance(role, Coordinator):
            self._monitoring = Monitoring(role)
            self._watch(self._monitoring, environment.web_ui, options, choice.access)
        if options.otel:
            name_all_requests()
        self._signals = OrderlyStop(role.stop_and_quit, role.kept)
        self._signals.install()
        if isinstance(role, Coordinator) and environment.web_ui is None:
            try:
                role.prepare()
            except START_FAILURES as error:
                command_line.refuse_all(str(error).splitlines(), code_of([start_failure(error)]))
        # gevent counts timers from when its loop last ran. That is seconds ago, before everything was imported, and
        # Locust's `-t` would end the run by so much too early.
        gevent.get_hub().loop.update_now()

    def test_start(self, **_more: Any) -> None:
        if self._role is not None and self._signals is not None:
            self._signals.install()
            self._role.starting = True
            self._do(self._role.test_start)

    def test_stopping(self, **_more: Any) -> None:
        if self._role is not None:
            self._role.starting = False
            self._do(self._role.test_stopping)

    def test_stop(self, **_more: Any) -> None:
        if self._role is not None:
            self._do(self._role.test_stop)

    def quitting(self, environment: Any, **_more: Any) -> None:
        """Locust shuts down, on whatever way it came here: no run may be left behind it."""
        if self._role is not None:
            self._do(self._role.test_stopping)
            self._do(self._role.test_stop)

    def quit(self, **_more: Any) -> None:
        try:
            if self._role is not None:
                self._do(self._role.finished)
        finally:
            if self._monitoring is not None:
                self._monitoring.close()

    def _watch(self, monitoring: Monitoring, web_ui: Any, options: Any, access: Access) -> None:
        if web_ui is not None:
            monitoring.show(web_ui, (options.web_base_path or "").rstrip("/"))
        if options.otel:
            monitoring.export()
        if options.metrics_port is None:
            return
        try:
            monitoring.listen(options, access)
        except OSError as error:
            where = f"{options.metrics_host}:{options.metrics_port}"
            if error.errno == errno.EADDRINUSE:
                command_line.refuse(
                    _("--metrics-port: {where} is in use; another number, or 0 for a free one", where=where)
                )
            command_line.refuse(
                _("--metrics-port: cannot listen on {where}: {problem}", where=where, problem=error.strerror or error)
            )

    def _do(self, part: Callable[[], None]) -> None:
        """A part of the role's life. Locust would only log its exception, and the run would go on without it."""
        role = self._role
        if role is not None:
            counted(f"listener.{part.__name__}", part, role.failed)()


def install() -> None:
    """Make Locust run fleets. To be called once, when the locustfile is loaded."""
    early_signals.take()
    printing.install()
    speak(wanted(sys.argv[1:], os.environ))
    hooks = Hooks()
    percentiles.install()
    locust_files.install()
    user_counts.install()
    note_forks(command_line.lay_in_for_forks)
    command_line.remember_default_arguments()
    guarded_rpc.install(lambda: command_line.chosen().access.token, command_line.refuse)
    for hook, listener in (
        (events.init_command_line_parser, command_line.add_arguments),
        (events.init, hooks.init),
        (events.test_start, hooks.test_start),
        (events.test_stopping, hooks.test_stopping),
        (events.test_stop, hooks.test_stop),
        (events.quitting, hooks.quitting),
        (events.quit, hooks.quit),
    ):
        hook.add_listener(listener)  # type: ignore[no-untyped-call]


def check_port(host: str, port: int) -> None:
    """End with exit code 2 if the web UI's port is taken: Locust would show a traceback and wait for nothing."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                command_line.refuse(
                    _(
                        "the web UI's port {port} is in use on {host}; try --web-port",
                        port=port,
                        host=host or _("this machine"),
                    )
                )
            command_line.refuse(
                _(
                    "the web UI cannot listen on {host}:{port}: {strerror}",
                    host=host,
                    port=port,
                    strerror=error.strerror,
                )
            )
