"""What goes along with granted indexes: the same devices as the master's, and no secret for longer than an index."""

from string import ascii_letters, digits
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.device.settings import Credentials
from simulator.fleet.identities import GeneratedIdentities, ListedIdentities
from simulator.fleet.travelled import Travelled, TravelledIdentities, parcel
from simulator.fleet.warm_state import Login

SN = st.text(ascii_letters + digits + "-_", max_size=8).map("D{}".format)
KEY = st.text(ascii_letters + digits + ",\"'; -", min_size=1, max_size=8).map("k{}x".format)
LOGIN = st.none() | st.tuples(KEY, KEY)
CREDENTIALS = st.builds(
    lambda sn, key, login, device_secret: Credentials(
        sn=sn,
        secret_key=key,
        product_id="p",
        dev_key="d",
        auth_code=login and login[0],
        secret=login and login[1],
        device_secret=device_secret,
    ),
    SN,
    KEY,
    LOGIN,
    st.none() | KEY,
)


def sent(*arguments: Any, **named: Any) -> Any:
    """A parcel as it arrives."""
    return orjson.loads(orjson.dumps(parcel(*arguments, **named)))


def known(travelled: Travelled) -> TravelledIdentities:
    assert travelled.identities is not None
    return travelled.identities


@given(st.data(), st.lists(CREDENTIALS, min_size=1, max_size=6, unique_by=lambda one: one.sn))
def test_a_worker_knows_of_the_devices_that_it_was_granted_and_of_no_others(
    data: st.DataObject, fleet: list[Credentials]
) -> None:
    masters, ours = ListedIdentities("ids.csv", fleet), Travelled(len(fleet), listed=True)
    told = data.draw(st.sets(st.sampled_from(range(len(fleet)))))
    granted = data.draw(st.sets(st.sampled_from(range(len(fleet)))))
    ours.unpack(sent(sorted(told), masters, {}, listed=True), granted)
    identities = known(ours)
    assert identities.available == len(fleet)
    for index, one in enumerate(fleet):
        here = index in told & granted
        assert identities.knows(index) is here
        assert identities.place(one.sn) == (index if here else None)
        assert identities.find(one.sn) == (one if here else None)
        if here:
            assert (identities.at(index), identities.sn(index)) == (one, one.sn)
        else:
            with pytest.raises(IndexError):
                identities.at(index)
            with pytest.raises(IndexError):
                identities.sn(index)


def fleet_of_two() -> ListedIdentities:
    return ListedIdentities(
        "ids.csv",
        [Credentials(sn=sn, secret_key=f"hidden-{sn}", product_id="p", dev_key="hidden-d") for sn in ("A", "B")],
    )


def test_what_was_given_back_has_no_secret_here_any_more_but_its_name() -> None:
    ours = Travelled(2, listed=True)
    logins = {"A": ("hidden-code", "hidden-secret"), "B": ("c", "s")}
    ours.unpack(sent([0, 1], fleet_of_two(), logins, listed=True), [0, 1])
    assert ours.logins == {"A": Login("hidden-code", "hidden-secret"), "B": Login("c", "s")}
    ours.forget([0, 7])
    assert ours.logins == {"B": Login("c", "s")}
    identities = known(ours)
    assert (identities.sn(0), identities.place("A"), identities.knows(0)) == ("A", 0, True)
    assert identities.find("A") is None
    with pytest.raises(IndexError):
        identities.at(0)
    assert identities.at(1).sn == "B"
    assert "hidden" not in str(vars(ours)) + repr(identities) + str(vars(identities)["_values"].get(0))


def test_a_device_that_comes_back_is_known_again() -> None:
    ours, told = Travelled(2, listed=True), sent([0], fleet_of_two(), {}, listed=True)
    ours.unpack(told, [0])
    ours.forget([0])
    ours.unpack(told, [0])
    assert known(ours).at(0) == fleet_of_two().at(0)


def test_identities_that_a_worker_makes_itself_do_not_travel_and_logins_do() -> None:
    made = GeneratedIdentities(7)
    told = sent([0, 2], made, {made.sn(0): ("c", "s"), made.sn(1): ("another's", "x")}, listed=False)
    assert told == {"logins": [[0, made.sn(0), "c", "s"]]}
    ours = Travelled(3, listed=False)
    ours.unpack(told, [0, 2])
    assert ours.identities is None
    assert ours.logins == {made.sn(0): Login("c", "s")}
    assert parcel([0, 1, 2], made, {}, listed=False) == {}


def test_there_is_no_device_below_the_first() -> None:
    assert not known(Travelled(1, listed=True)).knows(-1)
    assert not GeneratedIdentities(7).knows(-1)
    assert [fleet_of_two().knows(index) for index in (-1, 0, 1, 2)] == [False, True, True, False]
