"""The token that makes processes one swarm: where it comes from, and the keys that are made from it.

There always is one. Between machines the user gives it to both sides. `--processes` makes one that only the forked
workers know. A master and workers of one user on one machine find theirs in a file that only this user can read.
"""

import functools
import hashlib
import os
import secrets
import tempfile
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path

import zmq
from zmq.utils import z85

from simulator.swarm.security.secret_source import SecretError, is_loopback, own_directory, read_own_file, read_secret
from simulator.texts.translation import _

VARIABLE = "BEST_FLEET_TOKEN"
OPTION = "--token-file"
LEAST_CHARACTERS = 16
"""Whoever listens to the network can try tokens without asking anybody, so a short one would be found."""
HOW_TO_MAKE = "python3 -c 'import secrets; print(secrets.token_hex(32))'"
_SALT = b"best-fleet swarm 1"


@dataclass(frozen=True, slots=True)
class Token:
    """A swarm's token. `repr` does not show it."""

    text: str = field(repr=False)
    source: str
    """Where it comes from, for messages."""
    of_this_run: bool = False
    """Made for the workers that are forked from here: nobody else knows it."""

    def keys(self) -> "SwarmKeys":
        """The keys of this token, the same in every process. Takes some 50 ms once: guessing shall be dear."""
        return _keys_of(self.text)


@dataclass(frozen=True, slots=True)
class SwarmKeys:
    """The master's pair of CurveZMQ keys. Both are secret: see `guarded_rpc`."""

    master_secret: bytes = field(repr=False)
    master_public: bytes = field(repr=False)


@functools.cache  # a benchmark is many workers in one process
def _keys_of(text: str) -> SwarmKeys:
    secret = z85.encode(hashlib.scrypt(text.encode(), salt=_SALT, n=1 << 14, r=8, p=1, dklen=32))
    return SwarmKeys(master_secret=secret, master_public=zmq.curve_public(secret))


def token_for(
    environment: MutableMapping[str, str], token_file: str | None, *, peer: str, worker: bool, forks: bool
) -> Token:
    """The token of a master or worker.

    Args:
        token_file: what the option says.
        peer: the address that a master binds, or at which a worker finds its master.
        forks: the workers are forked from this process.

    Raises:
        SecretError: If a token is needed and not given, or what is given cannot be used.
    """
    if not zmq.has("curve"):
        raise SecretError("this pyzmq was built without CurveZMQ, which master and workers need to trust each other")
    given = read_secret(environment, VARIABLE, OPTION, token_file)
    if given is not None:
        source = f"{OPTION} {token_file}" if token_file else VARIABLE
        if len(given) < LEAST_CHARACTERS:
            raise SecretError(
                _(
                    "{source} holds fewer than {least_characters} characters; make one: {how_to_make}",
                    source=source,
                    least_characters=LEAST_CHARACTERS,
                    how_to_make=HOW_TO_MAKE,
                )
            )
        return Token(given, source)
    if not is_loopback(peer):
        what = (
            _("--master-host {peer}: the master", peer=peer)
            if worker
            else _("--master-bind-host {peer}: whoever reaches it", peer=peer)
        )
        asks = _("asks for a token") if worker else _("could join the run, so workers need a token")
        raise SecretError(
            _(
                "{what} {asks}. Give master and workers the same one, in {variable} or in a file that {option} "
                "names; make one: {how_to_make}",
                what=what,
                asks=asks,
                variable=VARIABLE,
                option=OPTION,
                how_to_make=HOW_TO_MAKE,
            )
        )
    if forks:
        return Token(secrets.token_hex(32), "this run's own", of_this_run=True)
    return _users_token(environment)


def _users_token(environment: Mapping[str, str]) -> Token:
    problem = ""
    for directory in _places(environment):
        try:
            own_directory(directory)
            return Token(_read_or_make(directory / "token"), str(directory / "token"))
        except OSError as error:
            problem = f"{directory}: {error.strerror}"
    raise SecretError(
        _(
            "no token can be kept for this user's processes ({problem}); set {variable} on both sides",
            problem=problem,
            variable=VARIABLE,
        )
    )


def _places(environment: Mapping[str, str]) -> list[Path]:
    state = environment.get("XDG_STATE_HOME", "")
    home = Path(state) if os.path.isabs(state) else Path("~/.local/state").expanduser()
    # A container's user may have no home to write to.
    return [home / "best-fleet", Path(tempfile.gettempdir()) / f"best-fleet-{os.geteuid()}"]


def _read_or_make(path: Path) -> str:
    try:
        return read_own_file(path).strip()
    except FileNotFoundError:
        pass
    fresh = path.with_name(f".token-{secrets.token_hex(8)}")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
        stream.write(f"{secrets.token_hex(32)}\n")
    try:
        # Master and workers may start at once: the first one's token is there whole, or not yet.
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    return read_own_file(path).strip()
