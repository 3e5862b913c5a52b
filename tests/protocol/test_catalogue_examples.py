"""Every example of the document is a message that the catalogue takes."""

from typing import Any

import pytest

from simulator.protocol.catalogue import CATALOGUE, COMMAND_FUNC_IDS, DEVICE_FUNC_IDS
from simulator.protocol.catalogue.validation import check_object, validate_request
from simulator.protocol.envelope import decode, encode_command_response, encode_request
from tests.protocol.document_examples import COMMANDS, REQUESTS, RESULTS


def func_id_of(message: dict[str, Any]) -> str:
    return str(message["funcId"])


@pytest.mark.parametrize("message", REQUESTS, ids=func_id_of)
def test_request(message: dict[str, Any]) -> None:
    assert validate_request(message) is None


def test_there_is_an_example_of_every_func_id() -> None:
    assert {func_id_of(message) for message in REQUESTS} == set(DEVICE_FUNC_IDS)
    assert {func_id_of(message) for message in COMMANDS} == set(COMMAND_FUNC_IDS)
    assert set(RESULTS) == {name for name, spec in CATALOGUE.items() if spec.results.fields}


def test_the_look_up_and_its_answer() -> None:
    spec = CATALOGUE["getBrokerServer"]
    query = {
        "sn": "abcd",
        "type": "best-w",
        "nonce": "123456",
        "timestamp": "1646102871000",
        "sign": "bdd58420c142a11569ff3eb8a9ec535c",
    }

    assert check_object(spec.params, query, "query") is None
    assert check_object(spec.results, RESULTS["getBrokerServer"], "results") is None


@pytest.mark.parametrize("message", REQUESTS, ids=func_id_of)
def test_the_envelope_writes_requests_in_the_documents_order(message: dict[str, Any]) -> None:
    payload = message.get("payload")
    if message["funcId"] == "dev.cmd.response":
        data = encode_command_response(message["mid"], payload["params"]["cmdId"], message["code"], message["message"])
    else:
        data = encode_request(
            message["funcId"],
            message["mid"],
            payload and payload["params"],
            sn=message.get("sn"),
            imme=message.get("imme"),
        )

    written = decode(data)
    assert written == message
    assert list(written) == list(message)
