"""How often something refused comes again, and when."""

import pytest

from simulator.device.outbox import Record
from simulator.device.retries import MAX_REFUSALS, Retried, retry_delay
from simulator.device.uploads import Upload


@pytest.mark.parametrize(("refusals", "seconds"), [(1, 1.0), (2, 2.0), (5, 16.0), (6, 30.0), (40, 30.0)])
def test_retry_delay(refusals: int, seconds: float) -> None:
    assert retry_delay(refusals) == seconds


@pytest.mark.parametrize("retried", [Record(1, {}, 0.0), Upload("dev.data.upload.user", "users", [], created=0.0)])
def test_records_and_uploads_are_given_up_after_the_same_refusals(retried: Retried) -> None:
    now = 100.0
    for count in range(1, MAX_REFUSALS):
        assert retried.refused(now)
        assert retried.refusals == count
        assert retried.due == now + retry_delay(count)
        now = retried.due
    assert not retried.refused(now)
