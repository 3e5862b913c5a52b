"""Logins on their way from the devices to the state file."""

from pathlib import Path

import pytest

from simulator.fleet.login_store import LoginStore
from simulator.fleet.warm_state import Login, WarmState, WarmStateError

SNS = ["a", "b", "c"]


def stored(path: Path, dispatch: str = "d") -> dict[str, tuple[str, str]]:
    with WarmState(path) as state:
        return {sn: (login.auth_code, login.secret) for sn, login in state.load_many(dispatch, SNS).items()}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


def test_nothing_is_written_before_save(path: Path) -> None:
    store = LoginStore(path, "d")
    store.granted("a", "1", "2")
    assert stored(path) == {}
    assert store.save() is None
    assert stored(path) == {"a": ("1", "2")}
    store.close()


def test_the_last_word_counts(path: Path) -> None:
    store = LoginStore(path, "d")
    store.granted("a", "1", "1")
    store.granted("b", "1", "1")
    store.save()
    store.forgotten("a")
    store.granted("a", "2", "2")
    store.granted("c", "3", "3")
    store.forgotten("c")
    store.forgotten("b")
    assert store.save() is None
    assert stored(path) == {"a": ("2", "2")}
    store.close()


def test_dispatch_servers_are_kept_apart(path: Path) -> None:
    one, other = LoginStore(path, "d"), LoginStore(path, "e")
    one.granted("a", "1", "1")
    other.granted("a", "2", "2")
    assert (one.save(), other.save()) == (None, None)
    other.forgotten("a")
    other.save()
    assert stored(path) == {"a": ("1", "1")}
    assert stored(path, "e") == {}
    one.close()
    other.close()


def test_what_could_not_be_written_is_tried_again_and_the_text_holds_no_secret(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = LoginStore(path, "d")
    store.granted("b", "1", "1")
    store.save()
    store.granted("a", "code", "topsecret")
    store.forgotten("b")

    def fail(self: WarmState, dispatch: str, logins: dict[str, Login]) -> None:
        raise WarmStateError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(WarmState, "save", fail)
        assert store.save() == "the disk is full"
        assert store.save() == "the disk is full"
    assert store.save() is None
    assert stored(path) == {"a": ("code", "topsecret")}
    store.close()
    assert "topsecret" not in (store.save() or "")


def test_saving_nothing_writes_nothing(path: Path) -> None:
    store = LoginStore(path, "d")
    before = path.stat().st_mtime_ns
    assert store.save() is None
    assert path.stat().st_mtime_ns == before
    store.close()


def test_a_file_that_is_none_of_ours(path: Path) -> None:
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(WarmStateError, match="no state file"):
        LoginStore(path, "d")
