"""The cases of commands and of replies' forms: right on the right platform, and what each mistake is named by."""

from __future__ import annotations

import pytest

from simulator.conform.case import Result
from simulator.conform.cases import command, form
from simulator.protocol.catalogue import CATALOGUE, COMMAND_FUNC_IDS
from tests.conform.mistaken import conform_mistaken

CASES = (*command.CASES, *form.CASES)
FORMS = frozenset(f"command.{func_id}.form" for func_id in COMMAND_FUNC_IDS)
USER = "command.cmd.data.update.user.form"
MEETING = "command.cmd.data.update.meeting.form"
CARD = "command.cmd.data.update.multiCard.form"


def test_every_command_and_every_message_with_a_reply_has_a_case() -> None:
    ids = {case.id for case in CASES}
    assert ids >= FORMS
    elsewhere = {"dev.report", "dev.heartbeat", "dev.system.sync.time", "dev.cmd.response", "dev.option.upload"}
    devices = {name for name in CATALOGUE if name.startswith("dev.")} - elsewhere
    assert ids >= {f"form.{name}" for name in devices}


@pytest.mark.parametrize("suite", ["plain", "exchange-only", "rsa-aes"])
async def test_the_embedded_platform_conforms(suite: str) -> None:
    found = await conform_mistaken(only=("command", "form"), suite=suite, wait=2)
    assert found.judged.reason == ""
    assert found.of(Result.OK).keys() == {case.id for case in CASES}, found.of(*set(Result) - {Result.OK})
    assert found.site.violations.total == 0


@pytest.mark.parametrize(
    ("mistake", "failed", "departing"),
    [
        ("command.mid-missing", FORMS, set()),
        ("command.mid-repeated", {"command.mid.unique"}, set()),
        ("command.cmd-id-missing", FORMS, set()),
        ("command.params-in-a-list", set(), FORMS),
        ("command.too-large", {"command.package"}, set()),
        ("command.field-missing", {USER}, set()),
        ("command.number-for-text", set(), {USER}),
        ("command.null-for-absent", set(), {USER}),
        ("command.empty-text", set(), {MEETING}),
        ("command.time-with-z", set(), {MEETING}),
        ("command.time-epoch", set(), {MEETING}),
        ("command.card-letters", set(), {CARD}),
        ("command.url-missing", {"command.bioPhoto.url"}, set()),
        ("command.url-no-picture", {"command.bioPhoto.url"}, set()),
        ("command.not-negotiated", {"command.negotiated"}, set()),
        ("command.repeated-as-new", {"command.cmdId.same-again"}, set()),
        ("command.answer-answered", {"form.replies.own"}, set()),
        ("command.cut-off", {"form.json"}, set()),
        ("reply.doubled", {"form.replies.once"}, set()),
    ],
)
async def test_a_mistake_is_named_and_nothing_else(mistake: str, failed: set[str], departing: set[str]) -> None:
    found = await conform_mistaken(mistake, only=("command", "form"))
    assert found.of(Result.FAILED).keys() == failed
    assert found.of(Result.NON_STRICT).keys() == departing


@pytest.mark.parametrize(
    ("mistake", "case"),
    [
        ("command.too-many", "command.pending"),
        ("command.unknown", "command.known"),
        ("command.before-online", "command.before-online"),
        ("command.cmd-id-reused", "command.cmdId.unique"),
        ("reply.mid-other", "form.replies.own"),
    ],
)
async def test_a_mistake_that_shows_in_several_places_is_named(mistake: str, case: str) -> None:
    found = await conform_mistaken(mistake, only=("command", "form"), timeout=0.4)
    assert case in found.of(Result.FAILED), found.of(*Result)


@pytest.mark.parametrize("mistake", ["reply.message-missing", "reply.code-number", "reply.func-id-other"])
async def test_a_departure_of_all_replies_departs_in_each_form(mistake: str) -> None:
    found = await conform_mistaken(mistake, only=("form",))
    assert found.of(Result.FAILED) == {}
    # The mistakes begin when a device is online.
    assert found.of(Result.NON_STRICT).keys() >= {case.id for case in form.CASES if "upload" in case.id}
