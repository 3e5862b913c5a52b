"""A report's limits are respected, and devices that report the same share one object."""

from __future__ import annotations

import pytest

from simulator.platform.reported import Reported, Reports
from tests.platform.harness import report_params
from tests.platform.parts import platform_settings


def test_what_a_report_says() -> None:
    reports = Reports(platform_settings(multi_bio_data_support="0:1:1:0:0:0:0:0:1:1"))
    params = report_params(
        maxPackageSize="16",
        maxPendingCmdCount="3",
        multiBioDataSupport="0:1:0:0:0:0:0:0:1:0",
        funcIds=["cmd.option.set"],
    )
    assert reports.read(params) == Reported(16 * 1024, 3, "8", frozenset({"cmd.option.set"}))


def test_what_holds_where_it_is_silent() -> None:
    reports = Reports(platform_settings(max_package_kb=32))
    params = report_params(maxPackageSize=None, maxPendingCmdCount=None, multiBioDataSupport="0:0:0:0:0:0:0:0:0:0")
    reported = reports.read(params)
    assert (reported.package_bytes, reported.max_pending, reported.template_type) == (32 * 1024, 20, None)
    assert reports.none == Reported(32 * 1024, 20, None, frozenset())


@pytest.mark.parametrize(
    ("own", "said", "limit"),
    [
        (None, "16", 16),
        (None, "128", 128),
        (None, None, 64),
        (32, "16", 16),
        (32, "128", 32),
        (128, "64", 64),
        (128, None, 64),
    ],
)
def test_the_smaller_limit_counts(own: int | None, said: str | None, limit: int) -> None:
    reports = Reports(platform_settings(max_package_kb=own))
    assert reports.read(report_params(maxPackageSize=said)).package_bytes == limit * 1024
    assert reports.none.package_bytes == (own or 64) * 1024


def test_the_same_is_kept_once() -> None:
    reports = Reports(platform_settings())
    assert reports.read(report_params()) is reports.read(report_params(ip="10.0.0.1"))
    assert reports.read(report_params()) is not reports.read(report_params(maxPackageSize="16"))
