"""What a broker keeps of a client's session, and what it brings a second time."""

import asyncio
from typing import Final

import orjson

from simulator.conform.answers import Closed
from simulator.conform.bench import Bench
from simulator.conform.business import prepare, values
from simulator.conform.case import Ended, Outcome, Result, failed, informational, not_run, ok
from simulator.conform.expect import accepted, both, holds
from simulator.conform.generated import right_params
from simulator.conform.mqtt_cases import STANDARD, anew, mqtt_case, needs_kept_sessions, needs_no_keys
from simulator.conform.repetitions import ANEW, QUIET_S, TWICE, answered_no_more, pause
from simulator.conform.stages import Stage
from simulator.conform.tester import Device
from simulator.texts.told import Told

_KEPT: Final = "docs/deviations.md, MQTT: what was published while the device was away arrives after the reconnect"
_RECORDS: Final = "dev.data.upload.verifyLog"

# --- Delivered again ---


async def _again_after_the_answer(bench: Bench) -> Outcome:
    """A message whose PUBACK was lost, so that it is sent again with DUP after the reconnect."""
    needs_kept_sessions(bench)
    async with bench.client() as client:
        await anew(client)
        device = await client.connect(Stage.ONLINE)
        await prepare(bench, device, (_RECORDS,))
        message = device.message(_RECORDS, right_params(_RECORDS, values(bench, device)))
        waiter = device.expect(message["mid"], _RECORDS)
        device.send_json(orjson.dumps(message))
        sent = dict(client.state.in_flight)
        first = accepted(await device.wait_for(waiter, message["mid"]))
        if first.result is not Result.OK:
            return not_run(Told("the message itself: {observed}", observed=first.observed))
        await device.abort()
        client.state.in_flight.update(sent)
        back = await client.connect(Stage.OPENED)
        _must_be_kept(back)
        once = await answered_no_more(back, message["mid"])
        left = sent.keys() & client.state.in_flight.keys()
        taken = holds(not left, "it got its PUBACK", "the publish with DUP got no PUBACK")
        await back.close()
        back = await client.connect(Stage.ONLINE)
        return both(once, taken, accepted(await back.ask(back.probe())))


async def _again_before_the_answer(bench: Bench) -> Outcome:
    """A message that the connection was cut behind: whether the platform has it is not known, so it is sent again."""
    needs_kept_sessions(bench)
    async with bench.client() as client:
        await anew(client)
        device = await client.connect(Stage.ONLINE)
        needs_no_keys(device.channel)
        message = device.probe()
        device.send_json(orjson.dumps(message))
        await device.abort()
        back = await client.connect(Stage.OPENED)
        _must_be_kept(back)
        await pause()
        codes = {str(each.get("code")) for each in back.strays if each.get("mid") == message["mid"]}
    if len(codes) > 1:
        return failed(Told("it was answered twice and differently: {names}", names=", ".join(sorted(codes))))
    return ok(Told("it was answered with {pop}", pop=codes.pop())) if codes else informational("it was not answered")


def _must_be_kept(device: Device) -> None:
    """
    Raises:
        Ended: As NOT-RUN, if the broker has forgotten the session, which `mqtt.session.kept` is about.
    """
    if not device.resumed:
        raise Ended(not_run("the broker had not kept the session"))


# --- Sessions ---


async def _kept(bench: Bench) -> Outcome:
    needs_kept_sessions(bench)
    async with bench.client() as client:
        await anew(client)
        first = await client.connect(Stage.OPENED)
        if first.resumed:
            return failed("CONNACK says that a session is present, which a clean one had ended")
        await first.abort()
        again = await client.connect(Stage.OPENED)
        return holds(
            again.resumed, "CONNACK says that the session is present", "CONNACK says that no session is present"
        )


async def _ended_by_a_clean_one(bench: Bench) -> Outcome:
    needs_kept_sessions(bench)
    async with bench.client() as client:
        await (await client.connect(Stage.OPENED)).abort()
        await anew(client)
        last = await client.connect(Stage.OPENED)
        wrong = "CONNACK says that a session is present, which a clean one had ended"
        return holds(not last.resumed, "CONNACK says that no session is present", wrong)


async def _commands_while_away(bench: Bench) -> Outcome:
    """The connection is cut as soon as the report is answered: what the platform sends then is published to nobody."""
    needs_kept_sessions(bench)
    if bench.devices < 2:
        return not_run("needs two serial numbers: the first one listens meanwhile")
    async with bench.client(bench.devices - 1) as client:
        await anew(client)
        device = await client.connect(Stage.LOGGED_IN)
        needs_no_keys(device.channel)
        message = device.message("dev.report", device.report_params(), sn=device.sn)
        waiter = device.expect(message["mid"], "dev.report")
        waiter.accept = lambda reply: device.cut()
        device.send_json(orjson.dumps(message))
        report = accepted(await device.wait_for(waiter, message["mid"]))
        if report.result is not Result.OK:
            return not_run(Told("the report was not accepted: {observed}", observed=report.observed))
        await asyncio.sleep(min(max(bench.left, 0.0), QUIET_S))
        back = await client.connect(Stage.OPENED)
        _must_be_kept(back)
        await pause()
        came = [push for push in bench.pushes if push.connection == back.number]
    if not came:
        return not_run("no command was sent while the device was away, or none was kept: nobody can tell from here")
    unusable = [push.read.judgement.unusable for push in came if push.read.judgement.unusable is not None]
    return (
        failed(f"{unusable[0]}") if unusable else ok(Told("{count} commands came after the reconnect", count=len(came)))
    )


async def _taken_over(bench: Bench) -> Outcome:
    async with bench.client() as client:
        older = await client.connect(Stage.ONLINE, clean=True)
        client.forget()
        newer = await client.connect(Stage.ONLINE, clean=True)
        ended = await older.end(QUIET_S)
        alive = accepted(await newer.ask(newer.probe()))
    if not isinstance(ended, Closed):
        return failed("both connections stay open")
    return both(ok(ended.told), alive)


async def _registered_anew(bench: Bench) -> Outcome:
    async with bench.device(Stage.ONLINE, fresh=True) as device:
        device.broken = True
        steps = [accepted(await step()) for step in (device.register, device.accredit, device.login, device.report)]
        return both(*steps, accepted(await device.ask(device.probe())))


# --- Declarations ---


CASES = (
    mqtt_case(
        "register.anew",
        "A registration in any state is a fresh start",
        "dev.register, dev.accredit, dev.login and dev.report while online, then a right message",
        _registered_anew,
        expects="code 00000000, each time",
        why=ANEW,
    ),
    mqtt_case(
        "dup.answered",
        "A message that comes again with DUP after its answer is acknowledged and ignored",
        Told("{records}, and after its reply and a cut the same publish with DUP", records=_RECORDS),
        _again_after_the_answer,
        expects="PUBACK, and no second reply",
        why=Told("{twice}; {standard}4.4", twice=TWICE, standard=STANDARD),
    ),
    mqtt_case(
        "dup.unanswered",
        "A message that comes again with DUP before its answer is answered once",
        "a right message, a cut at once, and the same publish with DUP",
        _again_before_the_answer,
        expects="no two replies that differ",
        why=Told("{twice}; {standard}4.4", twice=TWICE, standard=STANDARD),
    ),
    mqtt_case(
        "session.kept",
        "The broker keeps the session of a client that is away",
        "CONNECT with clean session 0, a cut, CONNECT again",
        _kept,
        expects="session present in the second CONNACK, not in the first",
        why=Told("{standard}3.1.2.4, 3.2.2.2", standard=STANDARD),
    ),
    mqtt_case(
        "session.clean",
        "A clean session ends the one before",
        "CONNECT with clean session 0, then 1, then 0",
        _ended_by_a_clean_one,
        expects="no session present in the last CONNACK",
        why=f"{STANDARD}3.1.2.4",
    ),
    mqtt_case(
        "session.taken-over",
        "Of two connections with one client id the older is closed",
        "the whole flow on a second connection with the same client id",
        _taken_over,
        expects="the older connection at its end, the newer one at work",
        why=f"{STANDARD}3.1.4",
    ),
    mqtt_case(
        "session.commands",
        "Commands for a device that is away come after its reconnect",
        "any command at the time at which a device comes online; its connection is cut before they come",
        _commands_while_away,
        expects="the commands, on the next connection of the session",
        why=_KEPT,
        waits=True,
    ),
)
