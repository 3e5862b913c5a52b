"""What somebody did by hand while a run went on: its section of the summary, and its rows for people."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from reports import text
from reports.masking import mask
from reports.run_info import RunInfo
from simulator.measurements import actions
from simulator.measurements.actions import Action
from simulator.measurements.findings import Finding
from simulator.texts.translation import N_, _

ACTIONS: Final = "actions"
"""The section's key; absent where nobody did anything."""
REFUSED: Final = "actions_refused"
"""How many were refused, of which the latest stand in the section; absent where none was."""
BY_HAND: Final = "by_hand"
"""The remark that somebody did (`reports.causes`)."""

NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        actions.VERIFY: N_("verify now"),
        actions.ENROL: N_("enrol"),
        actions.REBOOT: N_("reboot"),
        actions.AWAY: N_("go offline"),
        actions.STOP: N_("stop"),
        actions.START: N_("start"),
        actions.OUTAGE: N_("outage"),
    }
)
"""What each action is called."""
PROBLEMS: Final[Mapping[str, str]] = MappingProxyType(
    {
        actions.NOT_ON: N_("the device is not switched on"),
        actions.NOT_UP: N_("the device is restarting or has no power"),
        actions.NOT_ONLINE: N_("the device is not online"),
        actions.NOBODY: N_("nobody is enrolled at the device who may verify now"),
        actions.STORE_FULL: N_("the device's store is full"),
        actions.NOT_LISTED: N_("the device's firmware cannot do that"),
        actions.IS_ON: N_("the device is switched on already"),
        actions.STOPPING: N_("the device is about to stop"),
        actions.NOT_HELD: N_("the run has not started the device, or has let it go: it cannot be started by hand"),
        actions.NO_RUN: N_("no run is going on"),
        actions.NO_ANSWER: N_("its process did not answer in time, so that nobody knows whether it was done"),
        actions.TOO_MANY: N_("there were as many actions in this run as its report takes"),
    }
)
"""Why an action was not done."""


class ActionRow(NamedTuple):
    """One action in words."""

    when: str
    what: str
    whom: str
    seconds: str
    """How long it lasts; empty where it does not."""
    result: str
    done: bool


def problem_text(problem: str) -> str:
    """Why an action was not done, for people; empty where it was."""
    return _(PROBLEMS[problem]) if problem in PROBLEMS else problem


def actions_section(run: RunInfo) -> dict[str, Any]:
    """The section of the summary, under its key; empty where nobody did anything."""
    if not run.actions:
        return {}
    return {
        ACTIONS: [
            {
                "at_s": round(action.at, 1),
                "action": action.action,
                "device": None if action.device is None else mask(action.device),
                "group": action.group,
                "seconds": action.seconds,
                "done": action.done,
                "problem": action.problem,
            }
            for action in run.actions
        ],
        **({REFUSED: run.actions_refused} if run.actions_refused else {}),
    }


def by_hand(run: RunInfo) -> list[Finding]:
    """The remark that the run was not left alone, where it was not."""
    done = sum(action.done or action.problem == actions.NO_ANSWER for action in run.actions)
    return [Finding(BY_HAND, {"count": done})] if done else []


def action_rows(summary: Mapping[str, Any]) -> list[ActionRow]:
    """What was done, in order of time; none where nobody did anything."""
    return [
        ActionRow(
            text.duration(each["at_s"]),
            _(NAMES.get(each["action"], each["action"])),
            each["device"] or each["group"] or _("all"),
            "" if each["seconds"] is None else text.duration(each["seconds"]),
            _("done") if each["done"] else _("not done: {problem}", problem=problem_text(each["problem"])),
            each["done"],
        )
        for each in summary.get(ACTIONS, ())
    ]


def actions_told() -> dict[str, Any]:
    """Title, a sentence, and the headings of the table of `action_rows`."""
    return {
        "title": _("Done by hand"),
        "why": _(
            "Somebody acted on the fleet from the web page while the run went on. What an outage by hand cut off or "
            "held up is counted under it, as under a fault of the scenario."
        ),
        "heads": [_("time in the run"), _("action"), _("whom"), _("for"), _("result")],
    }


def merged_actions(runs: Sequence[RunInfo]) -> tuple[Action, ...]:
    """Those of several runs; times count from the begin of the first of them."""
    begin = min(run.started for run in runs)
    found = [replace(action, at=action.at + run.started - begin) for run in runs for action in run.actions]
    return tuple(sorted(found, key=lambda action: action.at))
