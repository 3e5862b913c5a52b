"""Secrets of a scenario's text are not in reports, however they are written there."""

import time

import pytest

from reports.masking import mask_document


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("mqtt:\n  password: hush there; you] #1\n  up: best/{sn}\n", "mqtt:\n  password: ***\n  up: best/{sn}\n"),
        ("mqtt: {password: hush there, up: x}", "mqtt: {password: ***, up: x}"),
        ("mqtt: {up: x, password: hush there}", "mqtt: {up: x, password: ***}"),
        ("mqtt: {\n  up: x,\n  password: hush there\n}", "mqtt: {\n  up: x,\n  password: ***\n}"),
        ("- password: hush there", "- password: ***"),
        ('mqtt: {password: "hush {devKey}, there"}', "mqtt: {password: ***}"),
        ("mqtt: {password: 'hush; there'}", "mqtt: {password: ***}"),
        ("mqtt:\n  password: none\n", "mqtt:\n  password: ***\n"),
        ("platform: {mqtt: {password_file: secret.txt}}", "platform: {mqtt: {password_file: secret.txt}}"),
        ("description: the password is elsewhere\n", "description: the password is elsewhere\n"),
    ],
)
def test_passwords(text: str, masked: str) -> None:
    assert mask_document(text) == masked


@pytest.mark.parametrize("text", ["{password:" * 50_000, "\n" * 200_000, "  - password: x" * 50_000, "," * 200_000])
def test_it_takes_time_that_grows_with_the_text_and_no_faster(text: str) -> None:
    before = time.process_time()
    mask_document(text)
    assert time.process_time() - before < 10
