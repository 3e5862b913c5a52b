"""Uploads, files and generated faults: right on the right platforms, and each of the cases can fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from simulator.conform.bench import Bench
from simulator.conform.case import Case, Outcome, Result
from simulator.conform.cases import file, file_faults, generated, upload, upload_people, upload_photos, upload_records
from simulator.platform.device_session import DeviceSession
from simulator.protocol.codes import INTERNAL, SUCCESS
from tests.conform.harness import Conformed, conform, conform_embedded, credentials, embedded
from tests.independent.platform import serve
from tests.independent.store import Identity
from tests.platform.parts import meeting_plan

BY_HAND: tuple[Case, ...] = (
    *(*file.CASES, *file_faults.CASES),
    *(*upload.CASES, *upload_people.CASES, *upload_photos.CASES, *upload_records.CASES),
)
CASES = (*BY_HAND, *generated.CASES)
IDS = tuple(case.id for case in CASES)
REQUIRED = {case.id: case for case in CASES if case.required}
REFUSALS = {name for name, case in REQUIRED.items() if case.expects.startswith("a code other")}
"""What a platform must refuse; of some it must accept something else afterwards."""
ACCEPTANCES = {
    name for name, case in REQUIRED.items() if "00000000" in case.expects.removeprefix("a code other than 00000000")
}
ODD = {
    *(
        "heartbeat.missing.params",
        "heartbeat.missing.payload",
        "file.offset.back",
        "file.size.huge",
        "file.empty-piece",
    ),
    *(f"upload.{kind}Photo.content.both" for kind in ("user", "bio", "verify")),
    *(f"upload.verifyLog.time.{form}" for form in ("zulu", "no-offset", "milliseconds", "no-such-day")),
    "upload.verifyLog.category.1",
}
"""What the document leaves open, and the embedded platform does in the stricter way (of faults: in the milder)."""


async def independent(style: str, *only: str, suite: str = "plain", wrong: tuple[str, ...] = ()) -> Conformed:
    identities = [Identity(one.sn, one.secret_key, one.product_id, one.dev_key) for one in credentials()]
    async with serve(identities, suite, style, wrong=wrong, seed=1) as platform:
        return await conform(platform.url, only=only, suite=suite)


MEETING = "cmd.data.update.meeting"


class Codes:
    """The embedded platform's replies, and which of them have another code than it thinks right."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *prefixes: str) -> None:
        self.count = 0
        """Of replies to messages whose funcIds begin so."""
        self.change: Callable[[int, str], str] = lambda number, code: code
        """From a reply's number, from 1, and its code to the one that it gets."""
        right = DeviceSession._reply

        def reply(session: DeviceSession, name: str, mid: str, code: str, results: Any, *rest: Any) -> None:
            if name.startswith(prefixes):
                self.count += 1
                code = self.change(self.count, code)
            right(session, name, mid, code, results, *rest)

        monkeypatch.setattr(DeviceSession, "_reply", reply)


@pytest.mark.parametrize("suite", ["plain", "exchange-only", "rsa-aes"])
async def test_the_embedded_platform_conforms(suite: str) -> None:
    found = await conform_embedded(*IDS, suite=suite)
    assert found.judged.reason == ""
    assert found.of(Result.FAILED, Result.NON_STRICT, Result.NOT_RUN) == {}
    assert found.of(Result.INFORMATIONAL).keys() == ODD
    assert found.site.violations.total == 0
    assert found.site.internal_errors.total == 0


@pytest.mark.parametrize("style", ["A", "B"])
async def test_the_independent_platform_conforms(style: str) -> None:
    # Style B takes its time for every answer, so it is asked about a part.
    only = IDS if style == "A" else ("file.[a-o]*", "upload.verifyLog", "upload.verifyPhoto.logId", "login.missing")
    found = await independent(style, *only)
    assert found.judged.reason == ""
    assert found.of(Result.FAILED, Result.NON_STRICT, Result.NOT_RUN) == {}


async def test_a_second_run_against_the_same_platform_finds_the_same() -> None:
    identities = [Identity(one.sn, one.secret_key, one.product_id, one.dev_key) for one in credentials()]
    only = [case.id for case in BY_HAND]
    async with serve(identities, "plain", "A", seed=1) as platform:
        first, second = [await conform(platform.url, only=only, suite="plain") for _ in range(2)]
    assert {name: first.result(name) for name in only} == {name: second.result(name) for name in only}
    assert second.of(Result.FAILED, Result.NON_STRICT, Result.NOT_RUN) == {}


async def test_who_accepts_everything_fails_every_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    codes = Codes(monkeypatch, "dev.")
    codes.change = lambda number, code: SUCCESS
    found = await conform_embedded(*IDS)
    assert found.of(Result.FAILED).keys() == REFUSALS


async def test_whose_last_answer_is_a_refusal_fails_what_has_to_be_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    codes = Codes(monkeypatch, "dev.data.upload.", "dev.file.")

    async def with_last_refused(case: Case, bench: Bench) -> Outcome:
        await case.run(bench)  # also uploads the tester's users, once in a run
        codes.count = 0
        right = await case.run(bench)
        assert right.result is Result.OK, case.id
        last, codes.count = codes.count, 0
        codes.change = lambda number, code: INTERNAL if number == last else code
        try:
            return await case.run(bench)
        finally:
            codes.change = lambda number, code: code

    cases = [replace(REQUIRED[name], run=partial(with_last_refused, REQUIRED[name])) for name in sorted(ACCEPTANCES)]
    async with embedded() as platform:
        found = await conform(platform.info.dispatch, cases=cases)
    assert found.of(Result.FAILED).keys() == ACCEPTANCES


async def test_a_platform_may_close_the_connection_after_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    right = DeviceSession._reply

    def reply(session: DeviceSession, name: str, mid: str, code: str, results: Any, *rest: Any) -> None:
        right(session, name, mid, code, results, *rest)
        if code != SUCCESS and session._connection is not None:
            session._connection.close(1000, "refused")

    monkeypatch.setattr(DeviceSession, "_reply", reply)
    found = await conform_embedded(*IDS)
    # What is too large leaves the connection as it is.
    assert found.of(Result.FAILED).keys() == {"file.package.above-limit"}
    assert found.of(Result.NON_STRICT, Result.NOT_RUN) == {}


async def test_records_are_of_a_meeting_that_the_platform_has_pushed() -> None:
    async with embedded(meetings=meeting_plan(count=1)) as platform:
        found = await conform(platform.info.dispatch, only=["upload.multiCard", "upload.verifyLog.verifyStyle"])
        records = await platform.records(found.site.identities[0].sn)
    (meeting,) = {str(push.read.params["meeting"][0]["id"]) for push in found.site.pushes if push.func_id == MEETING}
    assert meeting in {record["meetCode"] for record in records}


async def test_faults_of_a_message_that_is_not_accepted_say_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    codes = Codes(monkeypatch, "dev.data.upload.", "dev.file.")
    codes.change = lambda number, code: INTERNAL
    found = await conform_embedded("upload.verifyLog.missing", "file.end.missing")
    assert found.of(Result.FAILED).keys() == {"upload.verifyLog.smallest", "file.one-piece"}
    assert all(name in found.of(Result.NOT_RUN) for name in IDS if name.startswith("upload.verifyLog.missing"))


@pytest.mark.parametrize(
    ("wrong", "failed"),
    [
        ("any-size", {f"file.package.{name}" for name in ("above-limit", "limit-in-bytes", "reported-limit")}),
        ("any-offset", {"file.offset.first", "file.offset.gap"}),
        ("any-checksum", {"file.checksum.wrong"}),
        ("duplicate-refused", {f"upload.verifyLog.again{more}" for more in ("", ".after-reconnect", ".among-new")}),
    ],
)
async def test_a_mistake_is_found_and_nothing_else(wrong: str, failed: set[str]) -> None:
    found = await independent("A", "upload", "file", wrong=(wrong,))
    assert found.of(Result.FAILED, Result.NON_STRICT, Result.NOT_RUN).keys() == failed


async def test_half_a_batch_is_found() -> None:
    found = await independent("A", "upload", "file", wrong=("half-batches",))
    failed = found.of(Result.FAILED, Result.NON_STRICT, Result.NOT_RUN).keys()
    assert failed >= {"upload.verifyLog.one-bad", "upload.verifyLog.one-bad.first", "upload.verifyLog.missing.pin"}
    assert all(name.startswith("upload.verifyLog.") for name in failed)


async def test_what_the_platform_does_not_list_is_not_sent() -> None:
    listed = ["dev.data.upload.verifyLog", "dev.file.upload.start", "dev.file.upload.package", "dev.file.upload.end"]
    found = await conform_embedded("upload", "file", func_ids=listed)
    assert found.of(Result.FAILED, Result.NON_STRICT) == {}
    not_run = found.of(Result.NOT_RUN)
    assert "does not list dev.data.upload.user " in not_run["upload.user.smallest"]
    assert "does not list dev.data.upload.userPhoto " in not_run["file.used"]
    assert not any(name.startswith(("upload.verifyLog", "file.checksum", "file.offset")) for name in not_run)
    assert found.site.violations.total == 0


async def test_what_stays_on_the_platform_is_told() -> None:
    found = await conform_embedded("upload.multiCard.smallest", "file.one-piece")
    told = "\n".join(found.site.leaves)
    assert f"Cards of the user {found.site.pin()}" in told
    assert "Files that were uploaded" in told
