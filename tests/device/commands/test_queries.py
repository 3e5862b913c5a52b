"""Users that the platform asks for: all of them, in time, in valid messages below the package size."""

import pytest

from simulator.device.settings import OnTimeout
from simulator.fields.range import Range
from tests.device.answers import late, refuse, silent
from tests.device.command_messages import DONE, TEMPLATE, USER, done
from tests.device.harness import World, enrolment, verification


@pytest.mark.parametrize("pin", [{}, {"pin": ""}])
async def test_query_all_users_comes_in_pages_below_the_package_size(world: World, pin: dict[str, str]) -> None:
    device = await world.online(users=700)
    world.platform.always("dev.data.upload.user", late(0.05))
    assert await done(world, "cmd.data.query.user", **pin) == DONE
    await world.advance(9)
    pages = world.platform.sent("dev.data.upload.user")
    assert len(pages) > 2
    users = [user for page in pages for user in page.params["users"]]
    assert [user["pin"] for user in users] == [user["pin"] for user in device.memory.users()]
    sizes = [page.size for page in pages]
    assert max(sizes) <= 64 * 1024
    assert min(sizes[:-1]) > 60 * 1024  # no page is sent half empty
    answer = world.platform.sent("dev.cmd.response")[0]
    assert world.platform.seen.index(answer) < world.platform.seen.index(pages[0])


async def test_query_one_user_or_none(world: World) -> None:
    device = await world.online(users=5)
    assert await done(world, "cmd.data.query.user", pin="1003") == DONE
    assert await done(world, "cmd.data.query.user", pin="nobody") == DONE
    await done(world, "cmd.data.clear.user")
    assert await done(world, "cmd.data.query.user") == DONE
    pages = [seen.params["users"] for seen in world.platform.sent("dev.data.upload.user")]
    assert [len(page) for page in pages] == [1, 0, 0]
    assert pages[0][0]["pin"] == "1003"
    assert device.delivery.idle


async def test_query_with_a_small_package(world: World) -> None:
    world.platform.package_bytes = 3 * 1024
    await world.online(users=40, max_package_kb=3)
    assert await done(world, "cmd.data.query.user") == DONE
    pages = [seen.params["users"] for seen in world.platform.sent("dev.data.upload.user")]
    assert sum(map(len, pages)) == 40


async def test_users_asked_for_do_not_wait_behind_a_backlog(world: World) -> None:
    """All users come within 10 s, however many records and pictures wait."""
    platform = world.platform
    for func_id in ("dev.data.upload.verifyLog", "dev.data.upload.verifyPhoto"):
        platform.always(func_id, late(0.3))
    await world.online(users=300, behaviours=(verification(rate=5.0, photo_share=1.0),))
    await world.advance(60)
    platform.link.command("cmd.data.query.user")
    await world.advance(9.9)
    users = [user for seen in platform.sent("dev.data.upload.user") for user in seen.params["users"]]
    assert len(users) == 300


async def test_a_query_whose_upload_is_refused_is_tried_again(world: World) -> None:
    world.platform.script("dev.data.upload.user", refuse(), refuse())
    await world.online(users=5)
    assert await done(world, "cmd.data.query.user") == DONE
    await world.advance(5)
    assert world.recorder.codes("dev.data.upload.user") == ["E0000006", "E0000006", DONE]


async def test_an_empty_answer_is_not_sent_again_when_its_query_is_over(world: World) -> None:
    """Cut off, it is sent again while the platform still waits for it, and not after the ten seconds of a query."""
    for pause, times in ((2.0, 2), (30.0, 1)):
        before = len(world.platform.sent("dev.data.upload.user"))
        world.platform.script("dev.data.upload.user", silent)
        device = await world.online(users=0, reconnect_delay=Range(low=pause, high=pause))
        assert await done(world, "cmd.data.query.user") == DONE
        world.platform.link.close(1001)
        await world.advance(60)
        assert len(world.platform.sent("dev.data.upload.user")) - before == times
        assert device.delivery.idle
        await world.stop(device)
    assert world.recorder.observed()["query.over"] == 1


async def test_users_come_also_when_the_query_is_over(world: World) -> None:
    world.platform.script("dev.data.upload.user", silent)
    await world.online(users=2, on_timeout=OnTimeout.RETRY)
    assert await done(world, "cmd.data.query.user") == DONE
    await world.advance(30)
    assert [len(seen.params["users"]) for seen in world.platform.sent("dev.data.upload.user")] == [2, 2]


async def test_a_stalled_empty_answer_is_not_sent_again(world: World) -> None:
    world.platform.always("dev.data.upload.user", silent)
    device = await world.online(users=0, on_timeout=OnTimeout.RETRY)
    assert await done(world, "cmd.data.query.user") == DONE
    await world.advance(60)
    assert len(world.platform.sent("dev.data.upload.user")) == 1
    assert device.delivery.idle


async def test_a_repeated_query_is_answered_and_the_users_come_once(world: World) -> None:
    await world.online(users=5)
    for mid in ("a", "b"):
        world.platform.link.command("cmd.data.query.user", cmd_id="q", mid=mid)
        await world.advance(1)
    assert len(world.platform.answers_to("q")) == 2
    assert len(world.platform.sent("dev.data.upload.user")) == 1


async def test_templates_of_types_that_the_platform_does_not_take_stay_at_home(world: World) -> None:
    world.platform.terms["multiBioDataSupport"] = "0:0:0:0:0:0:0:0:0:1"
    await world.online(users=8, behaviours=(enrolment(rate=1.0),))
    await done(world, "cmd.data.query.user")
    await world.advance(5)
    users = [user for seen in world.platform.sent("dev.data.upload.user") for user in seen.params["users"]]
    assert len(users) > 8
    kinds = {template["type"] for user in users for template in user.get("bioDatas", ())}
    assert kinds <= {"9"}


async def test_pushed_users_go_up_again_as_valid_uploads(world: World) -> None:
    """Extra members of any kind in a command must not come back as values that are no strings."""
    await world.online()
    odd = USER | {"extra": 5, "lastName": "", "bioDatas": [TEMPLATE | {"extra": [1, None], "no": ""}]}
    assert await done(world, "cmd.data.update.user", users=[odd]) == DONE
    assert await done(world, "cmd.data.query.user") == DONE
    [page] = world.platform.sent("dev.data.upload.user")
    assert page.params["users"][0]["bioDatas"] == [TEMPLATE]
