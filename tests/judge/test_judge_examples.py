"""The document's own examples are right in the judge's eyes."""

from typing import Any

import pytest

from simulator.judge.commands import read_command
from simulator.judge.replies import reply_judge
from simulator.protocol.catalogue import DEVICE_FUNC_IDS
from simulator.protocol.envelope import decode, encode_reply
from tests.protocol.document_examples import COMMANDS, RESULTS


@pytest.mark.parametrize("message", COMMANDS, ids=lambda message: str(message["funcId"]))
def test_a_command(message: dict[str, Any]) -> None:
    assert read_command(message).judgement.right


@pytest.mark.parametrize("func_id", DEVICE_FUNC_IDS)
def test_a_reply(func_id: str) -> None:
    reply = decode(encode_reply("m1", "00000000", "success", results=RESULTS.get(func_id)))

    assert reply_judge(func_id).right(reply)


@pytest.mark.parametrize("func_id", [name for name in RESULTS if name != "getBrokerServer"])
@pytest.mark.parametrize("results", [None, {}])
def test_a_reply_without_its_results_is_unusable(func_id: str, results: dict[str, Any] | None) -> None:
    reply = decode(encode_reply("m1", "00000000", "success", results=results))
    judgement = reply_judge(func_id).read(reply).judgement

    assert judgement.unusable is not None
    assert judgement.unusable.rule == "reply.field-missing"
