"""Uploads, files and generated faults: right on the right platforms, and each of the cases can fail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from simulator.conform.case import Case, Result
from simulator.conform.cases import file, file_faults, generated, upload, upload_people, upload_photos, upload_records
from simulator.platform.device_session import DeviceSession
from simulator.protocol.codes import INTERNAL, SUCCESS
from tests.conform.harness import Conformed, conform, conform_embedded, credentials
from tests.independent.platform import serve
from tests.independent.store import Identity

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


def change_codes(monkeypatch: pytest.MonkeyPatch, code: str, *prefixes: str) -> None:
    """The embedded platform answers everything of these with `code`, whatever it thinks of it."""
    right = DeviceSession._reply

    def reply(
        self: DeviceSession, name: str, mid: str, found: str, results: Mapping[str, Any] | None, sent: Any
    ) -> None:
        right(self, name, mid, code if name.startswith(prefixes) else found, results, sent)

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
    flow = ("dev.register", "dev.accredit", "dev.login", "dev.report", "dev.heartbeat")
    change_codes(monkeypatch, SUCCESS, "dev.data.upload.", "dev.file.", *flow)
    found = await conform_embedded(*IDS)
    assert found.of(Result.FAILED).keys() == REFUSALS


async def test_who_refuses_everything_fails_every_acceptance(monkeypatch: pytest.MonkeyPatch) -> None:
    change_codes(monkeypatch, INTERNAL, "dev.data.upload.", "dev.file.")
    found = await conform_embedded(*(case.id for case in BY_HAND))
    assert found.of(Result.FAILED).keys() >= ACCEPTANCES
    # Without the right message its faults say nothing.
    found = await conform_embedded("upload.verifyLog.missing", "file.end.missing")
    assert found.of(Result.FAILED).keys() == {"upload.verifyLog.smallest", "file.one-piece"}
    assert all(name in found.of(Result.NOT_RUN) for name in IDS if name.startswith("upload.verifyLog.missing"))


@pytest.mark.parametrize(
    ("wrong", "failed"),
    [
        ("any-size", {"file.package.above-limit"}),
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
