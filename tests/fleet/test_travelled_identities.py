"""Identities on a worker: the same devices as on the master, without reading every line."""

from string import ascii_letters, digits

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.device.settings import Credentials
from simulator.fleet.identities import ListedIdentities
from simulator.fleet.travelled_identities import TravelledIdentities, travelled_identities

SN = st.text(ascii_letters + digits + "-_", max_size=8).map("D{}".format)
KEY = st.text(ascii_letters + digits + ",\"'; -", min_size=1, max_size=8).map("k{}x".format)


def listed(*rows: tuple[str, str]) -> ListedIdentities:
    return ListedIdentities(
        "ids.csv", [Credentials(sn=sn, secret_key=key, product_id="p", dev_key="d") for sn, key in rows]
    )


@given(st.lists(st.tuples(SN, KEY), min_size=1, max_size=5, unique_by=lambda row: row[0]))
def test_every_device_is_the_masters_whatever_its_values_hold(rows: list[tuple[str, str]]) -> None:
    masters = listed(*rows)
    ours = travelled_identities("".join(masters.csv_lines(len(rows))), "identities.csv")
    assert ours.available == len(rows)
    for index, (sn, _) in enumerate(rows):
        assert ours.at(index) == masters.at(index)
        assert ours.find(sn) == masters.at(index)
    assert ours.find("nobody's") is None


def test_logins_travel_along() -> None:
    warm = Credentials(sn="A", secret_key="k", product_id="p", dev_key="d", auth_code="c", secret="s")
    cold = Credentials(sn="AB", secret_key="k2", product_id="p", dev_key="d")
    masters = ListedIdentities("ids.csv", [warm, cold])
    ours = travelled_identities("".join(masters.csv_lines(2)), "identities.csv")
    assert isinstance(ours, TravelledIdentities)
    assert [ours.at(0), ours.at(1)] == [warm, cold]
    assert ours.find("AB") == cold


@pytest.mark.parametrize(("auth_code", "secret"), [("c", "s"), (None, None)])
def test_device_secrets_travel_along(auth_code: str | None, secret: str | None) -> None:
    one = Credentials(
        sn="A", secret_key="k", product_id="p", dev_key="d", auth_code=auth_code, secret=secret, device_secret="u/n=="
    )
    other = Credentials(sn="B", secret_key="k", product_id="p", dev_key="d")
    masters = ListedIdentities("ids.csv", [one, other])
    ours = travelled_identities("".join(masters.csv_lines(2)), "identities.csv")
    assert [ours.at(0), ours.at(1)] == [one, other]


def test_there_are_no_more_than_came() -> None:
    ours = travelled_identities("sn,secretKey,productId,devKey\nA,k,p,d\n", "identities.csv")
    assert ours.available == 1
    for index in (-1, 1):
        with pytest.raises(IndexError):
            ours.at(index)


def test_no_line_is_read_before_it_is_needed() -> None:
    ours = travelled_identities("sn,secretKey,productId,devKey\nA,k,p,d\n,,,\n", "identities.csv")
    assert ours.available == 2
    assert ours.at(0).sn == "A"


def test_its_name_for_the_log_shows_no_secret() -> None:
    ours = travelled_identities("sn,secretKey,productId,devKey\nA,hunter2,p,d\n", "identities.csv")
    assert "hunter2" not in repr(ours) + repr(ours.at(0))
