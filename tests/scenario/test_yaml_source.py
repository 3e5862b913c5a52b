"""YAML as plain data with lines: types, positions, and everything that is refused."""

from contextlib import suppress

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from simulator.scenario.problems import ScenarioError
from simulator.scenario.yaml_source import MAX_BYTES, read_yaml


def problems_of(text: str) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        read_yaml(text, "f.yaml")
    return [str(problem) for problem in caught.value.problems]


def test_types_are_those_of_yaml_1_2() -> None:
    data = read_yaml(
        "a: on\nb: no\nc: +10:00\nd: 010\ne: 1.5\nf: true\ng: ~\nh:\ni: 2020-01-01\nj: '5'\n1: one\non: two\n", "f.yaml"
    ).data
    assert data == {
        "a": "on",
        "b": "no",
        "c": "+10:00",
        "d": 10,
        "e": 1.5,
        "f": True,
        "g": None,
        "h": None,
        "i": "2020-01-01",
        "j": "5",
        "1": "one",
        "on": "two",
    }


def test_every_key_and_item_has_its_line() -> None:
    source = read_yaml("a:\n  - b: 1\n    c:\n      d: 2\n  - {e: 3,\n     f: 4}\n", "f.yaml")
    lines = {path: position[0] for path, position in source.positions.items()}
    assert lines == {
        (): 1,
        ("a",): 1,
        ("a", 0): 2,
        ("a", 0, "b"): 2,
        ("a", 0, "c"): 3,
        ("a", 0, "c", "d"): 4,
        ("a", 1): 5,
        ("a", 1, "e"): 5,
        ("a", 1, "f"): 6,
    }


def test_a_part_that_is_not_there_has_the_line_around_it() -> None:
    source = read_yaml("a:\n  b: 1\n", "f.yaml")
    assert source.line(("a", "nothing", 3)) == 1
    assert source.line(("a", "b", "deeper")) == 2


def test_aliases_and_merge_keys_unfold() -> None:
    source = read_yaml("x: &x {p: 1, q: 2}\ny: {<<: *x, q: 3}\nz: {q: 4, <<: [*x, {r: 5}]}\nlist: [*x, *x]\n", "f.yaml")
    assert source.data["y"] == {"p": 1, "q": 3}
    assert source.data["z"] == {"p": 1, "q": 4, "r": 5}
    assert source.data["list"] == [{"p": 1, "q": 2}] * 2
    assert source.line(("y", "q")) == 2
    assert source.line(("y", "p")) == 1


def test_a_key_given_twice_is_a_problem_with_both_lines() -> None:
    assert problems_of("a: 1\nb:\n  c: 1\n  c: 2\na: 3\n") == [
        "f.yaml:4: b.c: is given twice, here and in line 3",
        "f.yaml:5: a: is given twice, here and in line 1",
    ]


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("a: 1\nb: [1,\n", 3, "not valid YAML"),
        ("a: 1\n\tb: 2\n", 2, "not valid YAML"),
        ("a: *nothing\n", 1, "undefined alias"),
        ("a: 1\n---\nb: 2\n", 2, "expected a single document"),
        ("a: 1\nb: \x01\n", 2, "not allowed"),
        ("", 1, "is empty"),
        ("# only a comment\n", 1, "is empty"),
        ("a: !!python/object:os.system x\n", 1, "tag"),
        ("? [a, b]\n: 1\n", 1, "plain text"),
        ("a: 1\n<<: 5\n", 2, "takes a mapping"),
        ("a: 1\nb: " + "9" * 5000 + "\n", 2, "not a number"),
    ],
)
def test_what_is_no_scenario_is_said_with_its_line(text: str, line: int, says: str) -> None:
    [problem] = problems_of(text)
    assert problem.startswith(f"f.yaml:{line}: ")
    assert says in problem


def test_alias_bombs_are_bounded() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    bomb += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10))
    assert "unfolds to more than" in problems_of(bomb)[0]


@pytest.mark.parametrize(
    "text", ["a: &a [*a]\n", "a: &a {b: *a}\n", "a: &a {<<: *a}\n", "[" * 5000, "a: " + "{a: " * 60]
)
def test_endless_and_deep_nesting_is_refused(text: str) -> None:
    assert len(problems_of(text)) == 1


def test_a_huge_file_is_refused_unread() -> None:
    assert "longer than" in problems_of("#" * (MAX_BYTES + 1))[0]


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8", exclude_categories=["C"])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="ascii", categories=["L"]), min_size=1), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from("abcdef"), plain, min_size=1))
def test_what_pyyaml_writes_reads_back(data: dict[str, object]) -> None:
    assert read_yaml(yaml.safe_dump(data, allow_unicode=True), "f.yaml").data == data


@given(st.text(max_size=200))
def test_any_text_is_data_or_problems(text: str) -> None:
    with suppress(ScenarioError):
        read_yaml(text, "f.yaml")
