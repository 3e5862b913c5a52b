"""Our page in Locust's web UI: its routes, and who may use them.

The page is one HTML file with style and scripts of our own, nothing from the network; it polls one JSON route. Nothing
secret is in either: scenario and platform are named, identities are not.
"""

import logging
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any, Final

import orjson
from flask import Blueprint, Response, abort, jsonify, request, send_file
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from reports.colors import STATES
from simulator.fields.dispatch_url import DispatchUrlError
from simulator.measurements.names import DeviceState
from simulator.measurements.short_labels import state_label
from simulator.swarm.locust.host import asked_host, preset_host
from simulator.swarm.locust.option_rules import form_problems
from simulator.swarm.process.base import Role, shown_state
from simulator.swarm.security.access import Access, open_to_others
from simulator.swarm.security.web_guard import HostRule, WebGuard
from simulator.swarm.security.web_login import require_login
from simulator.swarm.web.assets import FOLDER, asset
from simulator.swarm.web.control import add_control, told_of_control
from simulator.swarm.web.demands import LiveDemands
from simulator.swarm.web.devices import add_devices
from simulator.swarm.web.language import TAGS, AskedLanguage, dictionary
from simulator.swarm.web.live_tables import LiveTables
from simulator.swarm.web.locust_page import dressed, preset, with_state
from simulator.swarm.web.report_page import MIMETYPES, POLICY, report_file
from simulator.swarm.web.snapshot import snapshot
from simulator.texts.language import spoken
from simulator.texts.translation import _

logger = logging.getLogger("simulator.swarm")

PAGE: Final = "fleet.html.j2"
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'"
)
"""Charts and their tooltips are styled by attributes; no script and no style but our own files."""
_MAX_REQUEST_BYTES: Final = 1 << 20


def add_pages(web_ui: Any, role: Role) -> None:
    """Add `/fleet` to Locust's Flask application, behind its login where it has one, and a link on its own page.

    Args:
        role: local or master; its run is the current run.
    """
    prefix = getattr(role.options, "web_base_path", "") or ""
    # A prefix of `/` or none must not double the slash.
    blueprint = Blueprint("fleet", __name__, url_prefix=prefix or None)
    guarded = web_ui.auth_required_if_enabled
    demands, tables = LiveDemands(), LiveTables()
    scenario = role.choice.scenario

    def page() -> Response:
        answer = Response(render(scenario.name if scenario is not None else "best-fleet"), mimetype="text/html")
        answer.headers["Content-Security-Policy"] = _POLICY
        return answer

    def file(name: str) -> Response:
        found = asset(name)
        if found is None:
            abort(404)
        answer = Response(found.data, mimetype=found.mimetype)
        answer.add_etag()
        answer.cache_control.no_cache = True
        answer.make_conditional(request)
        return answer

    def data() -> Response:
        since = _number(request.args.get("since", "0"))
        runner = role.runner
        told = snapshot(
            getattr(role, "run", None),
            shown_state(role),
            runner.user_count,
            since,
            wanted=runner.target_user_count,
            demands=demands,
            tables=tables,
        )
        return Response(orjson.dumps(told | told_of_control(role)), mimetype="application/json")

    def report(name: str) -> Response:
        path = report_file(getattr(role, "run", None), name)
        if path is None:
            abort(404)
        answer = send_file(path, mimetype=MIMETYPES[name], max_age=0)
        answer.headers["Content-Security-Policy"] = POLICY
        return answer

    def refuse_wrong_form() -> Response | None:
        """Locust's form is answered as Locust answers its own errors, so that the page shows it."""
        if request.method != "POST" or request.path.rstrip("/") != f"{prefix.rstrip('/')}/swarm":
            return None
        if shown_state(role) != role.runner.state:
            # Locust would kill the start that is under way, and what it has begun would stay.
            told = _("the run is still starting; try again when it is running")
            return jsonify({"success": False, "message": told, "host": role.environment.host})
        problems = form_problems(request.form)
        try:
            asked_host(request.form.get("host"), scenario, role.choice.host)
        except DispatchUrlError as error:
            problems.append(f"Host: {error}")
        if not problems:
            return None
        return jsonify({"success": False, "message": "; ".join(problems), "host": role.environment.host})

    def dress(response: Response) -> Response:
        if request.path.rstrip("/") == prefix.rstrip("/") and response.mimetype == "text/html":
            response.set_data(dressed(response.get_data(as_text=True), prefix.rstrip("/"), scenario))
        if request.path.rstrip("/") == f"{prefix.rstrip('/')}/stats/requests" and response.is_json:
            return with_state(response, shown_state(role))
        return response

    blueprint.add_url_rule("/fleet", "page", guarded(page))
    blueprint.add_url_rule("/fleet/data", "data", guarded(data))
    blueprint.add_url_rule("/fleet/assets/<name>", "file", guarded(file))
    blueprint.add_url_rule("/fleet/report/<name>", "report", guarded(report))
    web_ui.app.before_request(refuse_wrong_form)
    web_ui.app.after_request(dress)
    web_ui.app.register_blueprint(blueprint)
    add_devices(web_ui, role)
    add_control(web_ui, role)
    preset(web_ui, preset_host(scenario, role.choice.host))


def render(scenario: str) -> str:
    """The page, in the language that is spoken."""
    values = {
        "scenario": scenario,
        "language": spoken(),
        "tag": TAGS[spoken()],
        "texts": _embedded(dictionary(spoken())),
        "states": _embedded(_states()),
    }
    return _environment().get_template(PAGE).render(values)


def _states() -> dict[str, tuple[str, int]]:
    """Name for people and number of the colour of every state, in the order in which charts pile them up."""
    every = dict.fromkeys((*STATES, *(state.value for state in DeviceState)))
    return {state: (state_label(state), STATES.get(state, 0)) for state in every}


def _embedded(data: Mapping[str, object]) -> Markup:
    """JSON that cannot end its script element, whatever text it holds."""
    return Markup(orjson.dumps(data).decode().replace("<", "\\u003c"))


@lru_cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(FOLDER, "assets"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.globals["_"] = _
    return environment


def protect(web_ui: Any, access: Access, base_path: str, programs: Collection[str] = ()) -> None:
    """Let nobody in who should not be: every route, Locust's and ours, goes through this.

    Args:
        programs: see `require_login`.
    """
    prefix = base_path.rstrip("/")
    app = web_ui.app
    app.config["MAX_CONTENT_LENGTH"] = _MAX_REQUEST_BYTES
    if access.login is not None:
        require_login(web_ui, access.login, prefix, programs)
    elif open_to_others(web_ui.host):
        logger.warning("the web page asks for no login, and other machines may reach it: see --web-login")
    app.wsgi_app = AskedLanguage(WebGuard(app.wsgi_app, HostRule(web_ui.host, access.allowed_hosts), prefix))


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0
