"""The routes of our page that do something to the fleet: one device, or its network as a whole.

Only for our own page: a request must say so in a header that no form and no page of another origin can send, and carry
JSON. Foreign pages are kept away before (`security.web_guard`), and who has not logged in where that is asked for.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from flask import Blueprint, Response, jsonify, request

from reports.actions import NAMES, problem_text
from simulator.measurements.actions import AWAY, DEVICE_ACTIONS, OUTAGE, Action
from simulator.swarm.process.base import Role
from simulator.swarm.process.coordinator import Coordinator
from simulator.swarm.process.operations import Order
from simulator.texts.translation import _
from simulator.weather.kinds import How

HEADER: Final = "X-Best-Fleet"
"""A browser asks before it sends this to another origin, and nobody answers there."""
MOST_TOLD: Final = 100
USUAL_S: Final = 30.0
LONGEST_S: Final = 3600


def control_allowed(role: Role) -> bool:
    """Whether somebody at the page may act on devices (`--no-control`)."""
    return isinstance(role, Coordinator) and role.control


def told_of_control(role: Role) -> dict[str, Any]:
    """What the page is told beside its figures: whether it may act, and what was done so far (the latest last)."""
    run = getattr(role, "run", None)
    done = () if run is None or run.weather is None else run.weather.actions[-MOST_TOLD:]
    return {"control": control_allowed(role), "actions": [_told(action) for action in done]}


def add_control(web_ui: Any, role: Role) -> None:
    """Add what acts on devices to Locust's Flask application, behind its login where it has one."""
    prefix = getattr(role.options, "web_base_path", "") or ""
    blueprint = Blueprint("control", __name__, url_prefix=prefix or None)
    guarded = web_ui.auth_required_if_enabled

    def device(sn: str) -> tuple[Response, int]:
        return _answer(role, lambda asked: _order_of_device(asked, sn))

    def fleet() -> tuple[Response, int]:
        view = role.view() if isinstance(role, Coordinator) else None
        groups = () if view is None else tuple(view.groups)
        return _answer(role, lambda asked: _order_of_fleet(asked, groups))

    blueprint.add_url_rule("/fleet/devices/<sn>/actions", "device", guarded(device), methods=["POST"])
    blueprint.add_url_rule("/fleet/actions", "fleet", guarded(fleet), methods=["POST"])
    web_ui.app.register_blueprint(blueprint)


def _told(action: Action) -> dict[str, Any]:
    whom = {"device": action.device, "group": action.group, "seconds": action.seconds}
    return {"at": round(action.at, 1), "action": action.action, **whom, "done": action.done}


def _answer(role: Role, read: Callable[[Mapping[str, Any]], Order]) -> tuple[Response, int]:
    if not isinstance(role, Coordinator) or not role.control:
        return _refused(_("This run was started with --no-control: nobody acts on its devices from here."), 403)
    if request.headers.get(HEADER) != "1":
        return _refused(_("Only the fleet page itself may ask for this."), 403)
    asked = request.get_json(silent=True)
    if not isinstance(asked, dict):
        return _refused(_("A JSON object is wanted."), 415)
    try:
        order = read(asked)
    except _WrongError as error:
        return _refused(str(error), 400)
    outcome = role.operate(order)
    if not outcome.known:
        return _refused(_("The fleet has no device {sn}.", sn=order.sn), 404)
    if outcome.problem:
        return _refused(_sentence(problem_text(outcome.problem)), 409)
    whom = order.sn or order.group or _("all")
    return jsonify({"done": True, "text": _("{whom}: {action}", whom=whom, action=_(NAMES[order.action]))}), 200


class _WrongError(Exception):
    """What was asked for cannot be meant; the text says why."""


def _order_of_device(asked: Mapping[str, Any], sn: str) -> Order:
    action = asked.get("action")
    if action not in DEVICE_ACTIONS:
        raise _WrongError(_("A device knows no such action."))
    return Order(action=action, sn=sn, seconds=_seconds(asked) if action == AWAY else None)


def _order_of_fleet(asked: Mapping[str, Any], groups: tuple[str, ...]) -> Order:
    group, how = asked.get("group") or None, asked.get("how", How.RESET.value)
    if asked.get("action") != OUTAGE:
        raise _WrongError(_("A fleet knows no such action."))
    if group is not None and group not in groups:
        raise _WrongError(_("The fleet has no such group."))
    if how not in tuple(How):
        raise _WrongError(_("An outage is one of: {names}.", names=", ".join(How)))
    return Order(action=OUTAGE, group=group, seconds=_seconds(asked), how=How(how))


def _seconds(asked: Mapping[str, Any]) -> float:
    seconds = asked.get("seconds", USUAL_S)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 1.0 <= seconds <= LONGEST_S:
        raise _WrongError(_("seconds is a number from 1 to {most}.", most=LONGEST_S))
    return float(seconds)


def _refused(text: str, status: int) -> tuple[Response, int]:
    return jsonify({"done": False, "error": text}), status


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
