"""Names of files made from names that people gave."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator import file_names
from simulator.file_names import MAX_BYTES, file_name


@pytest.mark.parametrize("name", ["smoke", "morning rush", "会议室（一楼）", "🏢 East", "v1.2_a+b", "Räume & Säle"])
def test_a_name_that_can_be_a_files_stays(name: str) -> None:
    assert file_name(name) == name


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("Floor 3/East", "Floor 3-East-"),
        ("../../etc/passwd", "etc-passwd-"),
        ("a\\b:c*d?", "a-b-c-d-"),
        ("con", "_con-"),
        ("NUL.txt", "_NUL.txt-"),
        ("COM1", "_COM1-"),
        ("dots...", "dots-"),
        (".hidden", "hidden-"),
        ("-rf", "rf-"),
        ("a\nb\x1b[31m\u202ec", "a-b-[31m-c-"),
        ("\ud83d", ""),
        ("..", ""),
        ("/", ""),
        ("会" * 64, "会" * 37),
    ],
)
def test_what_no_file_may_be_called_is_changed_and_marked(name: str, begins: str) -> None:
    made = file_name(name)
    assert made.startswith(begins)
    assert made not in ("", ".", "..")
    assert made[-8:].isalnum()


def test_two_names_make_two_files() -> None:
    names = ["a/b", "a\\b", "a:b", "a-b", "a?b", "." * 3, "..", "/", "会" * 64, "会" * 63, "con", "_con"]
    assert len({file_name(name) for name in names}) == len(names)


def test_composed_and_decomposed_letters_make_one_file() -> None:
    assert file_name("Säle") == file_name("Sa\u0308le")


def test_a_locale_without_the_letters_gets_a_name_that_it_can_write(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_names.os, "fsencode", lambda text: text.encode("latin-1"))
    assert file_name("Räume") == "Räume"
    assert file_name("会议 7").startswith("7-")
    assert file_name("会议") != file_name("会室")


@given(st.text(max_size=200))
def test_any_name_makes_one_part_of_a_path(name: str) -> None:
    made = file_name(name)
    assert made
    assert os.path.basename(made) == made
    assert made not in (".", "..")
    assert len(made.encode()) <= MAX_BYTES
    assert made.isprintable() or all(file_names._stays(character) for character in made)
    assert file_name(made) == made or len(made.encode()) <= MAX_BYTES
