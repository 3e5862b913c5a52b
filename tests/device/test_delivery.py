"""Records, pictures and files on their way to the platform: in order, until acknowledged, over all trouble."""

import random
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.device.meetings import parse_meeting
from simulator.device.people import fingerprint
from simulator.device.settings import OnTimeout
from simulator.device.uploads import Upload
from simulator.fields.range import Range
from simulator.measurements.names import DeviceState
from tests.device.answers import Answer, Message, closes, drops, garbage, late, ok, refuse, silent, usual
from tests.device.deliveries import END, LOG, PACKAGE, PHOTO, START, log_ids, people
from tests.device.harness import PEOPLE, World, alone, enrolment


async def test_records_go_up_in_order_of_log_id(world: World) -> None:
    await world.online(**people())
    await world.advance(30)
    ids = [log_id for batch in log_ids(world) for log_id in batch]
    assert len(ids) >= 29
    assert ids == sorted(set(ids))
    assert world.recorder.records["resent"] == 0


async def test_a_record_is_up_at_once_and_its_delivery_is_measured(world: World) -> None:
    world.platform.always(LOG, late(0.2))
    await world.online(**people())
    await world.advance(10)
    durations = [duration for name, _, duration, _ in world.recorder.flows if name == "record_delivery"]
    assert len(durations) >= 9
    assert max(durations) == pytest.approx(0.2)


async def test_records_of_a_long_absence_go_up_before_new_ones(world: World) -> None:
    device = await world.online(**people())
    world.network.connect_script += [world.network.fails("refused")] * 6
    world.platform.link.close(1001)
    await world.until(lambda: device.state is DeviceState.ONLINE and len(world.platform.links) == 2)
    assert len([seen for seen in world.platform.link.seen if seen.func_id == LOG]) > 20
    await world.advance(5)
    ids = [log_id for batch in log_ids(world) for log_id in batch]
    assert ids == sorted(set(ids))
    assert len(ids) == world.recorder.records["acknowledged"]


async def test_a_batch_holds_what_waits(world: World) -> None:
    device = await world.online(**people(batch=10))
    world.network.connect_script += [world.network.fails("refused")] * 6
    world.platform.link.close(1001)
    await world.until(lambda: device.state is DeviceState.ONLINE and len(world.platform.links) == 2)
    sizes = [len(batch) for batch in log_ids(world)]
    assert sum(sizes) > 20
    assert max(sizes) == 10


@pytest.mark.parametrize("answer", [drops, closes(1001), silent, garbage()])
async def test_an_unacknowledged_record_is_sent_again_with_the_same_log_id_and_a_new_mid(
    world: World, answer: Answer
) -> None:
    await world.online(**people(rate=0.1))
    world.platform.script(LOG, answer)
    await world.until(lambda: len(world.platform.sent(LOG)) >= 2, limit=100)
    first, second = world.platform.sent(LOG)[:2]
    assert first.params == second.params
    assert first.message["mid"] != second.message["mid"]
    assert first.link is not second.link
    assert world.recorder.records["resent"] == 1
    await world.advance(1)
    assert world.recorder.records["acknowledged"] >= 1


async def test_an_acknowledgement_that_was_lost_leads_to_one_record_at_the_platform(world: World) -> None:
    def take_and_drop(link, message: Message) -> None:  # type: ignore[no-untyped-def]
        for record in message["payload"]["params"]["verifyLog"]:
            world.platform.records[record["logId"]] = record
        link.close(1006)

    world.platform.script(LOG, take_and_drop, usual, take_and_drop)
    device = await world.online(**people())
    await world.advance(30)
    await world.stop(device)
    counts = world.recorder.records
    assert len(world.platform.records) == counts["generated"] == counts["acknowledged"]


async def test_retry_sends_again_on_the_same_connection(world: World) -> None:
    world.platform.script(LOG, silent, late(12))
    await world.online(on_timeout=OnTimeout.RETRY, **people(rate=0.02))
    await world.until(lambda: len(world.platform.sent(LOG)) >= 3, limit=200)
    first, second, third = world.platform.sent(LOG)[:3]
    assert first.params == second.params == third.params
    assert first.link is third.link
    assert len({first.message["mid"], second.message["mid"], third.message["mid"]}) == 3
    assert second.at - first.at == pytest.approx(11.0, abs=0.1)  # the time-out and a pause
    await world.advance(3)
    assert world.recorder.codes(LOG)[:3] == ["timeout", "timeout", "00000000"]
    assert world.recorder.broken() == {"reply.late": 1}
    assert world.recorder.records["resent"] == 2


async def test_a_refused_record_is_sent_again_after_a_back_off_and_rejected_after_five(world: World) -> None:
    bad: list[str] = []

    def picky(link, message: Message) -> None:  # type: ignore[no-untyped-def]
        ids = [record["logId"] for record in message["payload"]["params"]["verifyLog"]]
        if not bad:
            bad.extend(ids)
        link.reply(message, "E0000004") if bad[0] in ids else link.answer(message)

    world.platform.always(LOG, picky)
    device = await world.online(**people())
    await world.advance(60)
    tries = [seen.at for seen in world.platform.sent(LOG) if seen.params["verifyLog"][0]["logId"] == bad[0]]
    gaps = [round(after - before, 3) for before, after in pairwise(tries)]
    assert gaps == [1.0, 2.0, 4.0, 8.0]
    counts = world.recorder.records
    assert counts["rejected"] == 1
    assert counts["acknowledged"] == counts["generated"] - 1
    assert world.recorder.flow_codes("record_delivery").count("E0000004") == 1
    assert counts["resent"] == 4
    await world.stop(device)


async def test_one_bad_record_in_a_batch_is_found_and_the_good_ones_arrive(world: World) -> None:
    bad: set[str] = set()

    def picky(link, message: Message) -> None:  # type: ignore[no-untyped-def]
        ids = {record["logId"] for record in message["payload"]["params"]["verifyLog"]}
        if len(ids) == 8 and not bad:
            bad.add(sorted(ids)[3])
        link.reply(message, "E0000004") if bad & ids else link.answer(message)

    world.platform.always(LOG, picky)
    device = await world.online(**people(batch=8))
    world.network.connect_script += [world.network.fails("refused")] * 5
    world.platform.link.close(1001)
    await world.advance(120)
    assert device.state is DeviceState.ONLINE
    counts = world.recorder.records
    assert counts["rejected"] == 1
    assert counts["acknowledged"] == counts["generated"] - 1
    assert bad.isdisjoint(world.platform.records)


async def test_a_full_store_refuses_new_records_and_counts_them(world: World) -> None:
    world.platform.always(LOG, silent)
    device = await world.online(max_transactions=5, request_timeout=600.0, **people(photos=1.0))
    await world.advance(20)
    counts = world.recorder.records
    assert device.delivery.outbox.pending == 5
    assert counts["refused"] == counts["generated"] - 5 > 10
    assert counts["photo_refused"] == counts["photo_generated"] - 5
    world.platform.always(LOG, usual)
    world.platform.link.close(1001)
    await world.advance(10)
    assert counts["acknowledged"] > 5  # acknowledged ones make room
    assert world.platform.sent("dev.report")[-1].params["transactionCount"] == "5"


async def test_the_store_for_pictures_is_bounded_too(world: World) -> None:
    world.platform.always(PHOTO, silent)
    device = await world.online(max_photos=3, request_timeout=600.0, on_timeout=OnTimeout.RETRY, **people(photos=1.0))
    world.platform.always(LOG, late(0.1))
    await world.advance(1)
    world.platform.always(LOG, silent)
    await world.advance(20)
    assert world.recorder.records["photo_refused"] == world.recorder.records["photo_generated"] - 3
    assert device.delivery.outbox.pending > 10


async def test_the_report_counts_records(world: World) -> None:
    await world.online(**people())
    await world.advance(10)
    world.platform.link.close(1001)
    await world.advance(1.5)
    assert int(world.platform.sent("dev.report")[-1].params["transactionCount"]) in (9, 10, 11, 12)


async def test_records_go_before_pictures(world: World) -> None:
    world.platform.always(PHOTO, late(3.0))
    await world.online(**people(photos=1.0))
    await world.advance(30)
    durations = [duration for name, _, duration, _ in world.recorder.flows if name == "record_delivery"]
    assert max(durations) <= 3.0  # never behind more than the one picture that is under way
    assert len(world.platform.sent(LOG)) >= 25


async def test_a_picture_of_a_rejected_record_is_not_sent(world: World) -> None:
    world.platform.script(LOG, *[refuse()] * 5)
    device = await world.online(**people(rate=0.02, photos=1.0))
    await world.until(lambda: world.recorder.records["rejected"] == 1, limit=300)
    await world.advance(1)
    assert world.platform.sent(PHOTO) == []
    assert world.recorder.records["photo_rejected"] == 1
    await world.stop(device)


# --- Back-pressure, and all at once ---


async def test_a_platform_that_takes_no_more_slows_the_device_down(world: World) -> None:
    await world.online(**people(photos=1.0))
    await world.advance(2)
    connection = world.connections[-1]
    connection.pause(True)
    before = len(log_ids(world))
    await world.advance(8)
    assert len(log_ids(world)) == before
    connection.pause(False)
    await world.advance(1)
    counts = world.recorder.records
    assert counts["acknowledged"] == counts["generated"]


async def test_a_paused_connection_that_is_lost(world: World) -> None:
    device = await world.online(**people())
    world.connections[-1].pause(True)
    await world.advance(3)
    world.platform.link.close(1006)
    await world.advance(10)
    assert device.state is DeviceState.ONLINE
    assert world.recorder.failed() == Counter()
    assert world.recorder.records["acknowledged"] == world.recorder.records["generated"]


ROUGH = [usual, usual, usual, refuse(), refuse("E0000004"), late(3.0), late(12.0), silent, drops, closes(), garbage()]


@given(data=st.data())
@settings(max_examples=15)
@alone
async def test_every_record_and_picture_arrives_over_any_trouble(data: st.DataObject) -> None:
    world = World()
    for func_id in (LOG, PHOTO, START, PACKAGE, END, "dev.data.upload.user", "dev.login", "dev.report"):
        world.platform.script(func_id, *data.draw(st.lists(st.sampled_from(ROUGH), max_size=4), label=func_id))
    batch = data.draw(st.sampled_from([1, 3]))
    on_timeout = data.draw(st.sampled_from(OnTimeout))
    visitors = people(photos=0.6, size=Range(low=40_000, high=60_000), batch=batch)["behaviours"]
    device = await world.start(
        on_timeout=on_timeout,
        behaviours=(*visitors, enrolment(rate=0.1)),
    )
    await world.advance(data.draw(st.floats(0, 90)))
    await world.stop(device, 600.0)
    counts = world.recorder.records
    assert counts["acknowledged"] == counts["generated"] == len(world.platform.records)
    assert counts["photo_acknowledged"] == counts["photo_generated"]
    users = {user["pin"] for seen in world.platform.sent("dev.data.upload.user") for user in seen.params["users"]}
    assert len(users) == device.memory.user_count
    allowed = [text for text in world.platform.violations if not text.endswith("unknown file")]
    world.platform.violations = allowed
    await world.close()


async def test_ok_with_results_is_an_acknowledgement_too(world: World) -> None:
    world.platform.always(LOG, ok(extra="x"))
    await world.online(**people())
    await world.advance(5)
    assert world.recorder.records["acknowledged"] == world.recorder.records["generated"] > 3


@pytest.mark.parametrize("limit", [4, 5, 64])
async def test_a_batch_is_cut_to_the_package(world: World, limit: int) -> None:
    device = await world.online(max_package_kb=limit, **people(rate=10, batch=100))
    world.network.connect_script += [world.network.fails("refused")] * 5
    world.platform.link.close(1001)
    await world.until(lambda: device.state is DeviceState.ONLINE and len(world.platform.links) == 2)
    await world.advance(5)
    messages = [payload for direction, payload in world.wire if direction == ">" and b"verifyLog" in payload[:40]]
    batches = log_ids(world)
    largest = max(range(len(batches)), key=lambda number: len(batches[number]))
    assert max(map(len, messages)) <= limit * 1024
    # As many as fit, and not fewer.
    assert len(batches[largest]) == 100 or len(messages[largest]) > limit * 1024 - 300
    ids = [log_id for batch in batches for log_id in batch]
    assert ids == sorted(set(ids))
    await world.stop(device)
    counts = world.recorder.records
    assert counts["acknowledged"] == counts["generated"] > 100
    assert counts["resent"] == 0


async def test_a_record_that_no_package_holds_is_set_aside_and_the_others_go_on(world: World) -> None:
    meeting = {
        "id": "m" * 5_000,
        "name": "Board",
        "startTime": "2024-06-25T00:00:00+08:00",
        "endTime": "2024-06-27T00:00:00+08:00",
    }
    device = await world.online(max_package_kb=4, **people(photos=1.0))
    device.memory.put_meetings([parse_meeting(meeting)])
    await world.advance(3)
    device.memory.delete_meetings([meeting["id"]])
    await world.advance(5)
    await world.stop(device)
    counts = world.recorder.records
    assert counts["rejected"] == counts["photo_rejected"] >= 2
    assert counts["acknowledged"] == counts["generated"] - counts["rejected"] >= 4
    assert world.recorder.observed()["upload.too-large"] == counts["rejected"]
    assert set(world.recorder.flow_codes("record_delivery")) == {"too large", "00000000"}
    assert max(len(payload) for direction, payload in world.wire if direction == ">" and b"verifyLog" in payload) < 4096


async def test_people_who_do_not_fit_one_message_go_up_in_several(world: World) -> None:
    device = await world.online(max_package_kb=4, users=0)
    rng = random.Random(1)
    users = [
        PEOPLE.newcomer(str(pin), rng, "en_US", password=True)
        | {"funSwitch": "0", "disable": "0", "bioDatas": [fingerprint(pin)]}
        for pin in range(1, 41)
    ]
    device.delivery.add_asked_for([Upload("dev.data.upload.user", "users", users, created=0.0)])
    device.delivery.add_uploads(
        [
            Upload(
                "dev.data.upload.multiCard",
                "multiCards",
                [{"pin": "1", "card": "9" * 5_000, "type": "0", "lossFlag": "0"}],
                created=0.0,
            )
        ]
    )
    await world.advance(5)
    sent = [[user["pin"] for user in seen.params["users"]] for seen in world.platform.sent("dev.data.upload.user")]
    assert [pin for page in sent for pin in page] == [user["pin"] for user in users]
    assert all(len(payload) <= 4096 for direction, payload in world.wire if direction == ">")
    assert world.platform.sent("dev.data.upload.multiCard") == []
    assert world.recorder.observed()["upload.too-large"] == 1
    await world.stop(device)


async def test_a_batch_that_a_lost_connection_cut_off_is_no_refusal(world: World) -> None:
    """However often it happens: nobody said no, so nothing is set aside and nothing is sent alone."""
    device = await world.online(**people(rate=5, batch=4))
    world.platform.script(LOG, *[drops] * 12)
    await world.until(lambda: len(world.platform.links) >= 13, limit=900)
    await world.advance(5)
    await world.stop(device)
    counts = world.recorder.records
    assert counts["rejected"] == 0
    assert counts["acknowledged"] == counts["generated"]
    assert max(len(batch) for batch in log_ids(world)[12:]) == 4


async def test_the_backlog_goes_up_in_order_whatever_was_refused_before_the_connection_was_lost(world: World) -> None:
    await world.online(**people(rate=4, batch=3))
    world.platform.script(LOG, *[refuse("E0000006")] * 4, drops)
    await world.until(lambda: len(world.platform.links) == 2, limit=100)
    second = world.platform.links[1]
    await world.advance(5)
    ids = [
        int(record["logId"])
        for seen in world.platform.sent(LOG)
        if seen.link is second
        for record in seen.params["verifyLog"]
    ]
    assert len(ids) > 12
    assert ids == sorted(set(ids))


async def test_an_error_of_our_own_is_counted_and_tried_again_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("odd")

    device = await world.online()
    monkeypatch.setattr(type(device.delivery.outbox), "next_due", lambda _: 0.0)
    monkeypatch.setattr(type(device.delivery.outbox), "take", broken)
    device.delivery.kick()
    await world.advance(4.5)
    errors = world.recorder.internal_errors
    assert 1 < len(errors) < 10
    assert {(rule, index) for rule, _, index in errors} == {("delivery.exception", 0)}
    monkeypatch.undo()
    errors.clear()
    world.logs.clear()
