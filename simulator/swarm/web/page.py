"""Our page in Locust's web UI: devices by state and latency per funcId, live.

The page is one HTML file without anything from the network; it polls one JSON route. Nothing secret is in either:
scenario and platform are named, identities are not.
"""

import logging
import re
from importlib import resources
from typing import Any

from flask import Blueprint, Response, jsonify, request

from reports.attendance import attendance_figures
from reports.causes import sentence
from reports.figures import lost_connections
from reports.occurrences import dump_occurrences
from reports.text import tally
from simulator.fields.dispatch_url import DispatchUrlError, parse_dispatch_url
from simulator.fleet.restarts import platform_problem
from simulator.measurements.names import ACKNOWLEDGED, GENERATED, RESTORED, is_flow
from simulator.measurements.occurrences import Occurrences
from simulator.swarm.locust.option_rules import form_problems
from simulator.swarm.process.base import Role
from simulator.swarm.run.page_history import PageHistory, active_states, totals
from simulator.swarm.run.run import Run
from simulator.swarm.security.access import Access, open_to_others
from simulator.swarm.security.web_guard import HostRule, WebGuard
from simulator.swarm.security.web_login import require_login
from simulator.swarm.web.language import AskedLanguage
from simulator.swarm.web.weather import shown_weather
from simulator.texts.translation import _

logger = logging.getLogger("simulator.swarm")

PAGE = "fleet.html"
_LINK = (
    '<a href="{prefix}/fleet" style="position:fixed;right:16px;bottom:16px;z-index:9999;padding:8px 14px;'
    'border-radius:6px;background:#15803d;color:#fff;font:600 14px sans-serif;text-decoration:none">{text}</a></body>'
)
_MOST_RULES = 20
"""Of a class, each second: the report has the others."""
_POINTS_AT_ONCE = 3_600
_MAX_REQUEST_BYTES = 1 << 20


def add_pages(web_ui: Any, role: Role) -> None:
    """Add `/fleet` to Locust's Flask application, behind its login where it has one, and a link on its own page.

    Args:
        role: local or master; its run is the current run.
    """
    prefix = getattr(role.options, "web_base_path", "") or ""
    # A prefix of `/` or none must not double the slash.
    blueprint = Blueprint("fleet", __name__, url_prefix=prefix or None)
    guarded = web_ui.auth_required_if_enabled

    def page() -> Response:
        html = resources.files("simulator.swarm.web").joinpath("assets", PAGE).read_text("utf-8")
        return Response(html, mimetype="text/html")

    def data() -> Response:
        since = request.args.get("since", "0")
        state = role.runner.state
        return jsonify(snapshot(getattr(role, "run", None), state, role.runner.user_count, _number(since)))

    def refuse_wrong_form() -> Response | None:
        """Locust's form is answered as Locust answers its own errors, so that the page shows it."""
        if request.method != "POST" or request.path.rstrip("/") != f"{prefix.rstrip('/')}/swarm":
            return None
        problems = form_problems(request.form)
        asked = request.form.get("host", "").strip()
        try:
            if asked:
                url, scenario = parse_dispatch_url(asked), role.choice.scenario
                if scenario is not None and (problem := platform_problem(scenario, url)) is not None:
                    problems.append(f"Host: {problem}")
        except DispatchUrlError as error:
            problems.append(f"Host: {error}")
        if not problems:
            return None
        return jsonify({"success": False, "message": "; ".join(problems), "host": role.environment.host})

    def add_link(response: Response) -> Response:
        if request.path.rstrip("/") == prefix.rstrip("/") and response.mimetype == "text/html":
            response.set_data(
                re.sub(
                    "</body>", _LINK.format(prefix=prefix, text=_("Fleet")), response.get_data(as_text=True), count=1
                )
            )
        return response

    blueprint.add_url_rule("/fleet", "page", guarded(page))
    blueprint.add_url_rule("/fleet/data", "data", guarded(data))
    web_ui.app.before_request(refuse_wrong_form)
    web_ui.app.after_request(add_link)
    web_ui.app.register_blueprint(blueprint)


def protect(web_ui: Any, access: Access, base_path: str) -> None:
    """Let nobody in who should not be: every route, Locust's and ours, goes through this."""
    prefix = base_path.rstrip("/")
    app = web_ui.app
    app.config["MAX_CONTENT_LENGTH"] = _MAX_REQUEST_BYTES
    if access.login is not None:
        require_login(web_ui, access.login, prefix)
    elif open_to_others(web_ui.host):
        logger.warning("the web page asks for no login, and other machines may reach it: see --web-login")
    app.wsgi_app = AskedLanguage(WebGuard(app.wsgi_app, HostRule(web_ui.host, access.allowed_hosts), prefix))


def snapshot(run: Run | None, state: str, users: int, since: int) -> dict[str, Any]:
    """What the page shows: the run, totals per funcId, and the points after the second `since`."""
    if run is None or run.order is None:
        return {"state": state, "run": None}
    measurements = run.measurements
    history = run.output(PageHistory)
    now = run.ended or run.clock.wall()
    info = run.info(now, complete=False)
    lost = lost_connections(measurements)
    return {
        "state": state,
        "run": {
            "id": run.run_id,
            "scenario": run.scenario.name,
            "target": info.target,
            "seconds": round(now - run.started),
            "started": run.started,
            "devices": run.order.total,
            "users": users,
            "verdict": run.summary["verdict"] if run.summary is not None else None,
            "report": str(run.directory) if run.summary is not None else None,
        },
        "states": active_states(measurements),
        "came_online": len(measurements.devices.came_online),
        "disconnects": sum(lost.values()),
        "lost_by": tally(lost),
        "notes": [sentence(each) for each in run.findings if each.key == "mqtt_assumed"],
        "records": {
            GENERATED: measurements.records[GENERATED] + measurements.records[RESTORED],
            ACKNOWLEDGED: measurements.records[ACKNOWLEDGED],
        },
        "attendance": attendance_figures(measurements),
        "weather": shown_weather(measurements, info, now),
        "health": _health(run),
        "requests": totals(measurements),
        "flows": totals(measurements, is_flow),
        "violations": _rules(measurements.violations),
        "observations": _rules(measurements.observations),
        "points": history.since(since)[-_POINTS_AT_ONCE:] if history is not None else [],
    }


def _rules(found: Occurrences) -> dict[str, Any]:
    """What was found of one class, the most frequent rule first: of many the first ones, and how many are left out."""
    told = dump_occurrences(found)
    rules = sorted(told["by_rule"].items(), key=lambda item: (-item[1]["count"], item[0]))
    shown = [
        {
            "rule": rule,
            "count": item["count"],
            "devices": item["devices"],
            "messages": tally(item["func_ids"]),
            "example": item["example"],
        }
        for rule, item in rules[:_MOST_RULES]
    ]
    left = rules[_MOST_RULES:]
    return {"total": told["total"], "rules": shown, "left": [len(left), sum(item["count"] for _, item in left)]}


def _health(run: Run) -> dict[str, float | None]:
    health = run.measurements.health
    newest = dict(health.samples[-50:])
    return {
        "cpu_percent": max((sample.cpu_percent for sample in newest.values()), default=None),
        "rss_mb": sum(sample.rss_mb for sample in newest.values()) if newest else None,
        "waiting_samples": sum(sample.waiting_samples for sample in newest.values()) if newest else None,
    }


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0
