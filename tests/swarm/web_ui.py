"""Locust's web UI with our page and guards, without a server."""

import re
import threading
from collections.abc import Iterator
from types import SimpleNamespace, TracebackType
from typing import Any

from flask.testing import FlaskClient
from locust.env import Environment
from locust.event import Events
from locust.web import WebUI
from werkzeug.routing import Rule
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from simulator.swarm.metrics.monitoring import Monitoring
from simulator.swarm.metrics.prometheus import PATH
from simulator.swarm.run.run import Run
from simulator.swarm.security.access import Access
from simulator.swarm.security.web_login import WebLogin
from simulator.swarm.web.page import add_pages, protect

HERE = "127.0.0.1:8089"
LOGIN = WebLogin("ada", "correct:horse")


class Ui:
    """Locust's web UI as `hooks` sets it up, without a server."""

    def __init__(
        self,
        prefix: str = "",
        login: WebLogin | None = None,
        tls: bool = False,
        run: Run | None = None,
        role: Any = None,
    ) -> None:
        environment = Environment(events=Events(), user_classes=[])
        runner = environment.create_local_runner()
        web_ui = WebUI(
            environment,
            "127.0.0.1",
            8089,
            web_base_path=prefix or None,
            web_login=login is not None,
            tls_cert="certificate" if tls else None,
            tls_key="key" if tls else None,
            delayed_start=True,
        )
        role = role or SimpleNamespace(options=SimpleNamespace(web_base_path=prefix))
        role.runner, role.environment, role.run = runner, environment, run
        role.choice = SimpleNamespace(scenario=None if run is None else run.scenario, host=None)
        role.starting = False
        self.role = role
        add_pages(web_ui, role)
        Monitoring(role).show(web_ui, prefix)
        protect(web_ui, Access(login=login), prefix, (PATH,))
        assert web_ui.app is not None
        self.app = web_ui.app
        self.prefix = prefix
        self.client: FlaskClient = self.app.test_client()
        self.environment = environment

    def ask(self, method: str, path: str, **headers: str) -> TestResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.open(path, method=method, headers={"Host": HERE} | named, base_url=f"http://{HERE}")

    def post(self, path: str, body: Any, **headers: str) -> TestResponse:
        """Send JSON below the prefix; a header's `_` stands for `-`."""
        named = {"Host": HERE} | {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(f"{self.prefix}{path}", json=body, headers=named, base_url=f"{self.scheme}://{HERE}")

    def log_in(self, user: str = "ada", password: str = "correct:horse") -> TestResponse:
        form = {"username": user, "password": password}
        return self.client.post(
            f"{self.prefix}/login", data=form, headers={"Host": HERE}, base_url=f"{self.scheme}://{HERE}"
        )

    @property
    def scheme(self) -> str:
        return "https" if self.app.config["SESSION_COOKIE_SECURE"] else "http"

    def calls(self) -> Iterator[tuple[str, str]]:
        """Every method and path that somebody answers, and some that nobody does."""
        for rule in self.app.url_map.iter_rules():
            for method in sorted((rule.methods or set()) | {"GET", "POST", "OPTIONS"}):
                yield method, example_of(rule)
        yield "GET", f"{self.prefix}/nowhere"


def example_of(rule: Rule) -> str:
    return re.sub("<[^>]*>", "a.js", rule.rule)


class Served:
    """The web UI at a port of its own, for a browser, from `with` to its end."""

    def __init__(self, ui: Ui) -> None:
        self._server = make_server("127.0.0.1", 0, ui.app, threaded=True)
        self.url = f"http://{HERE.partition(':')[0]}:{self._server.server_port}{ui.prefix}"

    def __enter__(self) -> "Served":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
