"""What is otherwise over a publish/subscribe protocol: dev.register without sn and productId."""

from copy import deepcopy
from typing import Any

import pytest

from simulator.protocol import codes
from simulator.protocol.catalogue import CATALOGUE, OVER_PUBLISH_SUBSCRIBE
from simulator.protocol.catalogue.validation import validate_request
from tests.protocol.document_examples import REQUESTS

EXAMPLES = {str(message["funcId"]): message for message in REQUESTS}


def without(func_id: str, *names: str) -> dict[str, Any]:
    message = deepcopy(EXAMPLES[func_id])
    for name in names:
        if name == "sn":
            del message["sn"]
        else:
            del message["payload"]["params"][name]
    return dict(message)


def test_register_needs_neither_sn_nor_product_id_over_publish_subscribe() -> None:
    light = without("dev.register", "sn", "productId")
    assert validate_request(light, catalogue=OVER_PUBLISH_SUBSCRIBE) is None
    over_websocket = validate_request(light)
    assert over_websocket is not None
    assert (over_websocket.code, over_websocket.path) == (codes.MALFORMED, "sn")
    assert validate_request(EXAMPLES["dev.register"], catalogue=OVER_PUBLISH_SUBSCRIBE) is None


@pytest.mark.parametrize("name", ["protType", "protVer", "devKey", "devType"])
def test_register_needs_all_else_as_ever(name: str) -> None:
    found = validate_request(without("dev.register", "sn", "productId", name), catalogue=OVER_PUBLISH_SUBSCRIBE)
    assert found is not None
    assert found.path == f"params.{name}"


@pytest.mark.parametrize("func_id", ["dev.accredit", "dev.login", "dev.report"])
def test_every_other_message_names_the_device_as_over_websocket(func_id: str) -> None:
    found = validate_request(without(func_id, "sn"), catalogue=OVER_PUBLISH_SUBSCRIBE)
    assert found is not None
    assert found.path == "sn"


def test_only_register_differs() -> None:
    assert [name for name, spec in CATALOGUE.items() if OVER_PUBLISH_SUBSCRIBE[name] != spec] == ["dev.register"]
