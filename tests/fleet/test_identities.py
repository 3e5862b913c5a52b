"""Who the devices are: generated or from a CSV, with every problem of a CSV at its line."""

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.fleet.identities import GeneratedIdentities, identities_of, parse_identities, read_identities
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import parse_scenario

HEADER = "sn,secretKey,productId,devKey\n"


def problems_of(text: str) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        parse_identities(text, "ids.csv")
    return [str(problem) for problem in caught.value.problems]


def test_generated_identities_come_from_the_seed_alone() -> None:
    first, again, other = GeneratedIdentities(1), GeneratedIdentities(1), GeneratedIdentities(2)
    assert first.at(0) == again.at(0)
    assert first.at(0).sn == "BEST000001"
    for name in ("secret_key", "product_id", "dev_key"):
        value = getattr(first.at(0), name)
        assert len(value) == 32
        assert set(value) <= set("0123456789abcdef")
        assert value != getattr(other.at(0), name)
    assert first.at(0).secret_key != first.at(1).secret_key
    assert first.at(0).product_id == first.at(1).product_id
    assert len({first.at(0).secret_key, first.at(0).product_id, first.at(0).dev_key}) == 3


@given(
    st.integers(0, 10**9),
    st.integers(0, 10**9),
    st.sampled_from(["BEST{index:06d}", "{index}", "A{index:3d}", "x-{index:04d}.y"]),
)
def test_the_platform_finds_a_generated_identity_by_its_serial_number(index: int, first: int, pattern: str) -> None:
    source = GeneratedIdentities(1, pattern, first)
    assert source.find(source.at(index).sn) == source.at(index) or " " in source.at(index).sn


@pytest.mark.parametrize(
    "sn", ["", "BEST", "BEST000000", "BEST1", "BEST0000001", "best000001", "BEST00000a", "BEST00000١", "XBEST000001"]
)
def test_a_serial_number_of_another_fleet_is_not_found(sn: str) -> None:
    assert GeneratedIdentities(1).find(sn) is None


def test_a_csv_with_spaces_mark_and_empty_lines_is_read() -> None:
    source = parse_identities(
        '\ufeffsn, secretKey,productId,devKey,authCode,secret\r\nA1, k1 ,p,d1,,\r\n\r\nA2,k2,p,"d,2",a2,s2\r\n',
        "ids.csv",
    )
    assert source.available == 2
    assert source.at(0).secret_key == "k1"
    assert source.at(0).auth_code is None
    assert (source.at(1).dev_key, source.at(1).auth_code, source.at(1).secret) == ("d,2", "a2", "s2")
    assert source.find("A2") == source.at(1)
    assert source.find("A3") is None


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", ["ids.csv:1: is empty: the header is sn,secretKey,productId,devKey"]),
        ("\n\n", ["ids.csv:2: is empty: the header is sn,secretKey,productId,devKey"]),
        (
            "sn,secretkey,productId\n",
            [
                "ids.csv:1: header: the column secretKey is missing",
                "ids.csv:1: header: the column devKey is missing",
                "ids.csv:1: header: 'secretkey' is no column of this file; known: sn, secretKey, productId, devKey, "
                "authCode, secret, deviceSecret (did you mean secretKey?)",
            ],
        ),
        (
            "sn,secretKey,productId,devKey,sn\nA,k,p,d,A\n",
            ["ids.csv:1: header: the column sn is there twice"],
        ),
        (
            HEADER + "A,k,p,d\nB,,p,\nC,k,p\nA,k,p,d\n",
            [
                "ids.csv:3: secretKey: is empty",
                "ids.csv:3: devKey: is empty",
                "ids.csv:4: has 3 values, but the header has 4",
                "ids.csv:5: sn: the same serial number is in line 2 too",
            ],
        ),
        (
            "sn,secretKey,productId,devKey,authCode,secret\nA,k,p,d,a,\n",
            ["ids.csv:2: `authCode` and `secret` go together: give both or none"],
        ),
        (HEADER + 'A,"k,p,d\n', ["ids.csv:2: is not valid CSV: a quotation mark is opened and never closed"]),
    ],
)
def test_all_problems_of_a_csv_are_listed(text: str, problems: list[str]) -> None:
    assert problems_of(text) == problems


def test_too_few_identities_is_an_error_that_says_how_many() -> None:
    source = parse_identities(HEADER + "A,k,p,d\n", "ids.csv")
    source.require(1)
    with pytest.raises(ScenarioError, match=r"ids\.csv: holds 1 identities, but the fleet has 2 devices"):
        source.require(2)
    GeneratedIdentities(1).require(10**9)


@pytest.mark.parametrize(("content", "says"), [(None, "there is no such file"), (b"sn\n\xff", ":2: is not UTF-8 text")])
def test_a_csv_that_cannot_be_read_is_a_problem(tmp_path: Path, content: bytes | None, says: str) -> None:
    path = tmp_path / "ids.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ScenarioError, match=says):
        read_identities(path)
    with pytest.raises(ScenarioError, match="cannot be read"):
        read_identities(tmp_path)


def test_a_written_csv_is_private_reads_back_and_replaces_nothing(tmp_path: Path) -> None:
    source, path = GeneratedIdentities(5, "R{index}"), tmp_path / "ids.csv"
    source.write_csv(path, 3)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    read = read_identities(path)
    assert [read.at(index) for index in range(3)] == [source.at(index) for index in range(3)]
    with pytest.raises(FileExistsError):
        source.write_csv(path, 3)


def test_logins_survive_a_written_csv() -> None:
    text = "sn,secretKey,productId,devKey,authCode,secret\nA,k,p,d,a,s\nB,k,p,d,,\n"
    source = parse_identities(text, "ids.csv")
    assert "".join(source.csv_lines(2)) == text


@pytest.mark.parametrize(
    "text",
    [
        HEADER.replace("\n", ",deviceSecret\n") + "A,k,p,d,c2VjcmV0\nB,k,p,d,\n",
        HEADER.replace("\n", ",authCode,secret,deviceSecret\n") + "A,k,p,d,a,s,c2VjcmV0\nB,k,p,d,,,x\nC,k,p,d,a,s,\n",
    ],
)
def test_device_secrets_survive_a_written_csv(text: str) -> None:
    source = parse_identities(text, "ids.csv")
    assert source.at(0).device_secret == "c2VjcmV0"
    assert "".join(source.csv_lines(source.available or 0)) == text


def test_generated_identities_have_no_device_secret_and_need_no_column() -> None:
    assert GeneratedIdentities(1).at(0).device_secret is None
    assert next(GeneratedIdentities(1).csv_lines(1)) == HEADER


def test_no_secret_is_shown() -> None:
    header = "sn,secretKey,productId,devKey,authCode,secret,deviceSecret\n"
    source = parse_identities(f"{header}A,k3y,p,d3v,a7h,s3c,c1oud\n", "ids.csv")
    shown = repr(source) + repr(source.at(0)) + repr(GeneratedIdentities(1)) + repr(GeneratedIdentities(1).at(0))
    for secret in ("k3y", "d3v", "a7h", "s3c", "c1oud", GeneratedIdentities(1).at(0).secret_key):
        assert secret not in shown


def test_a_scenario_names_its_identities_and_the_command_line_goes_before(tmp_path: Path) -> None:
    scenario = parse_scenario(
        "seed: 7\ngroups: [{name: a, count: 1}]\nidentities: {sn: 'T{index}', first: 5, product_id: P}\n"
    )
    source = identities_of(scenario)
    assert (source.at(0).sn, source.at(0).product_id) == ("T5", "P")
    path = tmp_path / "ids.csv"
    path.write_text(HEADER + "A,k,p,d\n")
    assert identities_of(scenario, path).at(0).sn == "A"


def test_there_is_no_device_before_the_first() -> None:
    for source in (GeneratedIdentities(1), parse_identities(HEADER + "A,k,p,d\n", "ids.csv")):
        with pytest.raises(IndexError):
            source.at(-1)


def test_nothing_is_left_of_a_csv_that_could_not_be_written(tmp_path: Path) -> None:
    class Broken(GeneratedIdentities):
        def csv_lines(self, count: int) -> Iterator[str]:
            yield "sn,secretKey"
            raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        Broken(1).write_csv(tmp_path / "ids.csv", 3)
    assert list(tmp_path.iterdir()) == []
