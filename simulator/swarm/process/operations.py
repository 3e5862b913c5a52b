"""Does what somebody at the web page asks for while a run goes on, and keeps it for the run's report.

Nothing is done that the report does not tell. What takes the network from a device is a fault of the run, as those of
its scenario are, so that what it cuts off is counted under it.
"""

import logging
from dataclasses import dataclass, replace

from simulator.measurements.actions import AWAY, MOST_ACTIONS, MOST_REFUSED, NO_ANSWER, NO_RUN, OUTAGE, TOO_MANY, Action
from simulator.shown import printable
from simulator.swarm.process.fleet_view import FleetView, NoAnswerError
from simulator.swarm.run.run import Run
from simulator.weather.kinds import How, Outage

logger = logging.getLogger("simulator.swarm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is asked for.

    Attributes:
        action: of `measurements.actions`.
        sn: the device's serial number; None for the fleet.
        group: of the fleet; None for all.
        seconds: how long it lasts, of those that last.
        how: of an outage of the fleet.
    """

    action: str
    sn: str | None = None
    group: str | None = None
    seconds: float | None = None
    how: How = How.RESET


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of it.

    Attributes:
        problem: why it was not done (`measurements.actions`); empty where it was.
        known: whether there is such a device.
    """

    problem: str = ""
    known: bool = True


def operate(run: Run | None, view: FleetView | None, order: Order) -> Outcome:
    """Do it, and keep it among the run's actions, of those refused the latest; what is no device's is kept nowhere."""
    weather = None if run is None else run.weather
    if run is None or view is None or weather is None or run.stopping or run.closed:
        return Outcome(problem=NO_RUN)
    if sum(not each.refused for each in weather.actions) >= MOST_ACTIONS:
        return Outcome(problem=TOO_MANY)
    at, number = run.elapsed_s, -1
    whom = order.sn or order.group or "all"
    if order.action in (AWAY, OUTAGE):
        seconds = order.seconds or 0.0
        devices = 1 if order.sn is not None else view.count(order.group)
        kind = Outage(how=How.RESET if order.sn is not None else order.how)
        number = weather.improvise(kind, at=at, lasts=seconds, devices=devices, whom=whom)
    # Kept before it is asked for: should the run end meanwhile, its report tells of it as of one that is not known.
    action = Action(
        at=at,
        action=order.action,
        device=order.sn,
        group=order.group,
        seconds=order.seconds,
        done=False,
        problem=NO_ANSWER,
    )
    weather.actions.append(action)
    # Said before it is asked for, too: what follows from it, as a fault that begins, stands in the log after its cause.
    logger.info("by hand: %s of %s", order.action, printable(whom))
    problem = _ask(view, order, number)
    if number >= 0 and problem not in ("", NO_ANSWER):
        weather.withdraw(number)
    place = weather.actions.index(action)
    if problem is None:
        logger.info("by hand: %s of %s: there is no such device", order.action, printable(whom))
        del weather.actions[place]
        return Outcome(known=False)
    weather.actions[place] = replace(action, done=not problem, problem=problem)
    if weather.actions[place].refused:
        weather.refused += 1
        kept = [at for at, each in enumerate(weather.actions) if each.refused]
        if len(kept) > MOST_REFUSED:
            del weather.actions[kept[0]]
    if problem:
        logger.info("by hand: %s of %s: %s", order.action, printable(whom), problem)
    return Outcome(problem=problem)


def _ask(view: FleetView, order: Order, number: int) -> str | None:
    """What kept it from being done; None where there is no such device."""
    seconds = order.seconds or 0.0
    if order.sn is None:
        return NO_ANSWER if view.outage(order.how, seconds, number, order.group) else ""
    try:
        answer = view.act(order.sn, order.action, seconds, number)
    except NoAnswerError:
        return NO_ANSWER
    return None if answer is None else str(answer["problem"])
