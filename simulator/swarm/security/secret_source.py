"""Reads a secret from the environment or from a file, for the options that need one.

A secret is never an argument: those stand in the process list, and Locust sends its options to workers and pages.
"""

import os
from collections.abc import MutableMapping
from pathlib import Path

from simulator.texts.translation import _

MAX_BYTES = 4096


class SecretError(Exception):
    """A secret cannot be used; the text says why and what to do, and never shows it."""


def read_secret(environment: MutableMapping[str, str], variable: str, option: str, file: str | None) -> str | None:
    """The secret that the user gave; None if there is none.

    Its variable is removed, so that no process started from here inherits it.

    Args:
        variable: the environment's variable that holds the secret itself.
        option: the option that names its file, for messages.
        file: what the option says.

    Raises:
        SecretError: If both are given, or the file cannot be read, or there is nothing in it.
    """
    given = environment.pop(variable, None)
    if given is not None and file:
        raise SecretError(
            _("both {variable} and {option} are given: give one of them", variable=variable, option=option)
        )
    source = variable
    if file:
        source = f"{option} {file}"
        given = _content(Path(file), source)
    if given is None:
        return None
    secret = given.strip("\r\n")
    if not secret.strip():
        raise SecretError(_("{source} is empty", source=source))
    if not secret.isprintable():
        raise SecretError(
            _("{source} holds a line break or another control character: one line of text is expected", source=source)
        )
    return secret


def _content(path: Path, source: str) -> str:
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise SecretError(
                _(
                    "{source} is longer than {max_bytes} bytes: is it the right file?",
                    source=source,
                    max_bytes=MAX_BYTES,
                )
            )
        return content.decode("utf-8")
    except OSError as error:
        raise SecretError(_("{source} cannot be read: {strerror}", source=source, strerror=error.strerror)) from None
    except UnicodeDecodeError:
        raise SecretError(_("{source} is not UTF-8 text", source=source)) from None


def is_loopback(host: str) -> bool:
    """Whether an address that is bound or connected to stays within this machine, as far as its text says."""
    name = host.strip("[]").lower()
    return name in ("localhost", "::1") or (name.startswith("127.") and name.replace(".", "").isdigit())


def own_directory(path: Path) -> None:
    """Make a directory that only its owner can enter, or see that it is one.

    Raises:
        SecretError: If it belongs to somebody else or lets others in.
        OSError: If it cannot be made.
    """
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    _must_be_ours(os.lstat(path), path)


def read_own_file(path: Path) -> str:
    """The text of a file that nobody else can read or write.

    Raises:
        SecretError: If others can.
        OSError: If it cannot be read; `FileNotFoundError` if it is not there.
    """
    if path.is_symlink():
        raise SecretError(_("{path} is a link, so it cannot hold a secret: remove it", path=path))
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    with open(descriptor, encoding="utf-8") as stream:
        _must_be_ours(os.fstat(descriptor), path)
        return stream.read(MAX_BYTES)


def _must_be_ours(found: os.stat_result, path: Path) -> None:
    if found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise SecretError(
            _("{path} is not its owner's alone, so it cannot hold a secret: remove it, or chmod go= {path}", path=path)
        )
