"""The routes of our page about single devices: the table, one device, its messages. They change nothing."""

from typing import Any

from flask import Blueprint, Response, jsonify, request

from reports.labels import short_name
from simulator.fleet.device_rows import Query
from simulator.swarm.process.base import Role
from simulator.swarm.process.fleet_view import STATES, FleetView, NoAnswerError
from simulator.texts.translation import _


def add_devices(web_ui: Any, role: Role) -> None:
    """Add `/fleet/devices` and what is below it to Locust's Flask application, behind its login where it has one."""
    prefix = getattr(role.options, "web_base_path", "") or ""
    blueprint = Blueprint("devices", __name__, url_prefix=prefix or None)
    guarded = web_ui.auth_required_if_enabled

    def view() -> FleetView | None:
        found: FleetView | None = role.view() if hasattr(role, "view") else None
        return found

    def table() -> Response:
        query, fleet = Query.read(request.args), view()
        if fleet is None:
            nothing: dict[str, Any] = {"rows": [], "groups": [], "missing": [], "states": list(STATES)}
            return jsonify({"total": 0, "matching": 0, "page": 0, "size": query.size, **nothing})
        return jsonify(fleet.table(query))

    def device(sn: str) -> tuple[Response, int]:
        fleet = view()
        try:
            found = None if fleet is None else fleet.device(sn)
        except NoAnswerError as error:
            return _no_answer(error)
        return _not_found(sn) if found is None else (jsonify(found), 200)

    def messages(sn: str) -> tuple[Response, int]:
        fleet, after = view(), request.args.get("after", "0")
        last = int(after) if after.isascii() and after.isdigit() and len(after) < 20 else 0
        try:
            found = None if fleet is None else fleet.messages(sn, last)
        except NoAnswerError as error:
            return _no_answer(error)
        return _not_found(sn) if found is None else (jsonify(found), 200)

    blueprint.add_url_rule("/fleet/devices", "table", guarded(table))
    blueprint.add_url_rule("/fleet/devices/<sn>", "device", guarded(device))
    blueprint.add_url_rule("/fleet/devices/<sn>/messages", "messages", guarded(messages))
    web_ui.app.register_blueprint(blueprint)


def _not_found(sn: str) -> tuple[Response, int]:
    return jsonify({"error": _("The fleet has no device {sn}.", sn=sn)}), 404


def _no_answer(error: NoAnswerError) -> tuple[Response, int]:
    return jsonify({"error": _("{process} does not answer.", process=short_name(str(error)))}), 503
