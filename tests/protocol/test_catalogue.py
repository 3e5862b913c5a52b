"""The catalogue against the document: every funcId, and every field with its required mark, listed here by hand."""

import pytest

from simulator.protocol.catalogue import (
    ALWAYS_SUPPORTED,
    CATALOGUE,
    COMMAND_FUNC_IDS,
    DEVICE_FUNC_IDS,
    EXTENSION_FUNC_IDS,
    LOOKUP,
    NEGOTIATED_FUNC_IDS,
    PROTOCOL_ORDER,
)
from simulator.protocol.catalogue.spec import Direction, Object, Objects, Reply, Strings, walk_fields

USER_BIO = (
    "bioDatas:? bioDatas[].no:? bioDatas[].index:? bioDatas[].valid:? bioDatas[].duress:? bioDatas[].type:! "
    "bioDatas[].majorVer:! bioDatas[].minorVer:! bioDatas[].fmt:! bioDatas[].tmp:!"
)


def nested(prefix: str, fields: str) -> str:
    return " ".join(f"{prefix}[].{field}" for field in fields.split())


# Params of each message in the document, `!` required, `?` optional. content and contentFileId are optional one by one:
# exactly one of them is given. What bioDatas "must hold where it exists" is required inside it.
DOCUMENT: dict[str, str] = {
    "getBrokerServer": "sn:! type:! nonce:! timestamp:! sign:!",
    "device.exchange.publicKey": "publicKey:!",
    "device.exchange.factor": "factor:!",
    "dev.register": "protType:! protVer:! productId:! devKey:! devType:!",
    "dev.accredit": "productId:! devKey:! authCode:!",
    "dev.login": "productId:! devKey:! authCode:! secret:!",
    "dev.report": (
        "fwVer:! devModel:! commType:! ip:! netmask:! gateway:! mac:! lockCount:! userCount:! maxUserCount:! "
        "transactionCount:! maxTransactionCount:! multiBioEnrollSupport:? multiBioDataSupport:! "
        "multiBioPhotoSupport:? multiBioVer:! multiBioDataCount:! multiBioPhotoCount:? maxMultiBioDataCount:! "
        "maxMultiBioPhotoCount:? maxPackageSize:? qrCodeSupport:? qrCodeOn:? qrCodeDecryptFunList:? cameraOn:? "
        "attPhotoFunOn:? capturePic:? enableBioTest:? voiceOn:? keyPadBeepOn:? volume:? irTempDetectionFunOn:? "
        "irTempDetectionOn:? maxTemperature:? minTemperature:? temperatureOn:? irTempUnit:? maskDetectionFunOn:? "
        "maskDetectionOn:? maskOn:? maxPendingCmdCount:? scene:? verifyStyles:! sipOn:? adOn:? funcIds:!"
    ),
    "dev.heartbeat": "isFree:?",
    "dev.file.upload.start": "fileId:! size:! checksum:?",
    "dev.file.upload.package": "fileId:! offset:! content:!",
    "dev.file.upload.end": "fileId:!",
    "dev.data.upload.user": "users:! "
    + nested(
        "users",
        "pin:! password:? passwordSalt:? group:? idNum:? startTime:? endTime:? firstName:! lastName:? funSwitch:! "
        "disable:! threatLevelGroupNum:? " + USER_BIO,
    ),
    "dev.data.upload.userPhoto": "userPhotos:! " + nested("userPhotos", "pin:! extension:? content:? contentFileId:?"),
    "dev.data.upload.bioPhoto": "bioPhotos:! "
    + nested("bioPhotos", "pin:! no:? index:? type:! extension:? content:? contentFileId:?"),
    "dev.data.upload.multiCard": "multiCards:! " + nested("multiCards", "pin:! card:! type:? lossFlag:?"),
    "dev.data.upload.verifyLog": "verifyLog:! "
    + nested("verifyLog", "pin:! meetCode:! verifyTime:! verifyStyle:! status:! category:! recodeType:! logId:!"),
    "dev.data.upload.verifyPhoto": "verifyPhotos:! "
    + nested("verifyPhotos", "pin:! photoTime:? meetCode:! extension:? content:? contentFileId:? logId:?"),
    "cmd.data.update.user": "cmdId:! users:! "
    + nested(
        "users",
        "pin:! role:! password:? passwordSalt:? startTime:? endTime:? firstName:! lastName:? funSwitch:! disable:! "
        "ruleType:? " + USER_BIO,
    ),
    "cmd.data.update.meeting": "cmdId:! meeting:! "
    + nested(
        "meeting",
        "name:! startSignInTime:? lastSignInTime:? earSignOutTime:? lastSignOutTime:! id:! startTime:! endTime:! "
        "applicant:!",
    ),
    "cmd.data.update.meetingMember": "cmdId:! members:! members[].meetingId:! members[].pins:!",
    "cmd.data.update.multiCard": "cmdId:! multiCards:! " + nested("multiCards", "pin:! card:! type:! lossFlag:!"),
    "cmd.data.update.bioPhoto": "cmdId:! bioPhotos:! " + nested("bioPhotos", "pin:! no:? index:? type:! url:!"),
    "cmd.data.delete.user": "cmdId:! pins:!",
    "cmd.data.delete.bioPhoto": "cmdId:! bioPhotos:! " + nested("bioPhotos", "type:? pin:? no:?"),
    "cmd.data.delete.multiCard": "cmdId:! pins:!",
    "cmd.data.delete.meeting": "cmdId:! meetings:!",
    "cmd.data.delete.meetingMember": "cmdId:! meetingId:! pins:!",
    "cmd.data.delete.userPhoto": "cmdId:! pins:!",
    "cmd.data.query.user": "cmdId:! pin:?",
    "cmd.data.clear.user": "cmdId:!",
    "cmd.data.clear.multiCard": "cmdId:!",
    "cmd.data.clear.all": "cmdId:!",
    "cmd.option.set": (
        "cmdId:! option:! option.meetRoomName:! option.meetRoomManager:? option.meetRoomLocation:? "
        "option.meetRoomCapacity:! option.meetRoomManagerPin:?"
    ),
    "cmd.control.reboot": "cmdId:! operator:?",
    "cmd.system.sync.time": "cmdId:!",
    "dev.system.sync.time": "",
    "dev.cmd.response": "cmdId:!",
}

RESULTS: dict[str, str] = {
    "getBrokerServer": "url:! rootCA:? certificate:? privateKey:? publicKey:? companyId:? siteId:?",
    "device.exchange.publicKey": "publicKey:!",
    "device.exchange.factor": "factor:!",
    "dev.register": "authCode:!",
    "dev.accredit": "secret:!",
    "dev.report": (
        "timezone:? supportHeartbeat:? heartbeatInterval:? multiBioDataSupport:! multiBioPhotoSupport:! funcIds:?"
    ),
    "dev.system.sync.time": "time:!",
}

DEFAULTS = {
    ("dev.report", "maxPackageSize"): "64",
    ("dev.report", "sipOn"): "0",
    ("dev.report", "adOn"): "0",
    ("dev.heartbeat", "isFree"): "1",
    ("dev.data.upload.user", "users[].bioDatas[].no"): "0",
    ("dev.data.upload.user", "users[].bioDatas[].index"): "0",
    ("dev.data.upload.user", "users[].bioDatas[].valid"): "1",
    ("dev.data.upload.user", "users[].bioDatas[].duress"): "0",
    ("dev.data.upload.userPhoto", "userPhotos[].extension"): "jpg",
    ("dev.data.upload.bioPhoto", "bioPhotos[].extension"): "jpg",
    ("dev.data.upload.bioPhoto", "bioPhotos[].no"): "0",
    ("dev.data.upload.bioPhoto", "bioPhotos[].index"): "0",
    ("dev.data.upload.multiCard", "multiCards[].type"): "0",
    ("dev.data.upload.multiCard", "multiCards[].lossFlag"): "0",
    ("dev.data.upload.verifyPhoto", "verifyPhotos[].extension"): "jpg",
    ("cmd.data.update.user", "users[].ruleType"): "2",
    ("cmd.data.update.bioPhoto", "bioPhotos[].no"): "0",
    ("cmd.data.update.bioPhoto", "bioPhotos[].index"): "0",
    ("cmd.data.delete.bioPhoto", "bioPhotos[].no"): "0",
}

# What cmd.option.set sets is shown in the next report; the document's table of dev.report does not list it.
ADDED_TO_THE_REPORT = {
    "meetRoomName",
    "meetRoomManager",
    "meetRoomLocation",
    "meetRoomCapacity",
    "meetRoomManagerPin",
}


def marks(text: str) -> dict[str, bool]:
    return {name: mark == "!" for name, mark in (part.split(":") for part in text.split())}


def declared(shape: Object) -> dict[str, bool]:
    return {path: field.required for path, field in walk_fields(shape)}


def test_every_func_id_of_the_document_is_declared_and_no_other_but_extensions() -> None:
    assert set(CATALOGUE) == {*DOCUMENT, *EXTENSION_FUNC_IDS}
    assert not set(DOCUMENT) & set(EXTENSION_FUNC_IDS)
    assert {name for name, spec in CATALOGUE.items() if spec.extension} == set(EXTENSION_FUNC_IDS)


@pytest.mark.parametrize("func_id", DOCUMENT)
def test_the_params_are_those_of_the_document(func_id: str) -> None:
    params = declared(CATALOGUE[func_id].params)
    if func_id == "dev.report":
        assert not any(params.pop(name) for name in ADDED_TO_THE_REPORT)

    assert params == marks(DOCUMENT[func_id])


@pytest.mark.parametrize("func_id", DOCUMENT)
def test_the_results_are_those_of_the_document(func_id: str) -> None:
    assert declared(CATALOGUE[func_id].results) == marks(RESULTS.get(func_id, ""))


@pytest.mark.parametrize(("func_id", "path"), DEFAULTS)
def test_the_documents_defaults_are_declared(func_id: str, path: str) -> None:
    fields = dict(walk_fields(CATALOGUE[func_id].params))

    assert fields[path].default == DEFAULTS[func_id, path]


def test_the_reports_reply_has_the_documents_defaults() -> None:
    fields = dict(walk_fields(CATALOGUE["dev.report"].results))

    assert {name: field.default for name, field in fields.items() if field.default is not None} == {
        "timezone": "+08:00",
        "supportHeartbeat": "1",
        "heartbeatInterval": "60",
    }


@pytest.mark.parametrize("func_id", DOCUMENT)
def test_each_declaration_is_sound(func_id: str) -> None:
    spec = CATALOGUE[func_id]

    assert spec.func_id == func_id
    assert spec.section
    assert spec.summary.strip()
    for shape in (spec.params, spec.results):
        check_object(shape)


def check_object(shape: Object) -> None:
    """Names unique, defaults within their format and on optional fields alone, groups made of the object's fields."""
    names = [name for field in shape.fields for name in (field.name, *field.aliases)]
    assert len(names) == len(set(names))
    for field in shape.fields:
        assert field.description.strip()
        if field.default is not None:
            assert not field.required
            assert not isinstance(field.shape, (Object, Objects, Strings))
            assert field.shape.problem(field.default) is None
        if isinstance(field.shape, Object):
            check_object(field.shape)
        elif isinstance(field.shape, Objects):
            check_object(field.shape.item)
    for group in shape.exactly_one:
        fields = {field.name: field for field in shape.fields}
        assert len(group) > 1
        assert all(not fields[name].required for name in group)


def test_directions() -> None:
    for func_id, spec in CATALOGUE.items():
        expected = (
            Direction.LOOKUP
            if func_id == LOOKUP
            else Direction.TO_DEVICE
            if func_id.startswith("cmd.")
            else Direction.TO_PLATFORM
        )
        assert spec.direction is expected
    assert {*DEVICE_FUNC_IDS, *COMMAND_FUNC_IDS, *EXTENSION_FUNC_IDS, LOOKUP} == set(CATALOGUE)
    assert not set(DEVICE_FUNC_IDS) & set(COMMAND_FUNC_IDS)


def test_replies() -> None:
    bare = {LOOKUP, "device.exchange.publicKey", "device.exchange.factor"}
    for func_id, spec in CATALOGUE.items():
        expected = (
            Reply.BARE
            if func_id in bare
            else Reply.NONE
            if func_id == "dev.cmd.response"
            else Reply.DEVICE
            if spec.direction is Direction.TO_DEVICE
            else Reply.PLATFORM
        )
        assert spec.reply is expected


def test_the_serial_number_goes_with_the_login_flow_alone() -> None:
    assert {name for name, spec in CATALOGUE.items() if spec.sn_required} == {
        "dev.register",
        "dev.accredit",
        "dev.login",
        "dev.report",
    }


def test_what_is_taken_before_the_login() -> None:
    assert {name for name, spec in CATALOGUE.items() if spec.before_login} == {
        "getBrokerServer",
        "device.exchange.publicKey",
        "device.exchange.factor",
        "dev.register",
        "dev.accredit",
        "dev.login",
    }


def test_messages_without_a_payload() -> None:
    assert {name for name, spec in CATALOGUE.items() if not spec.params_required} == {
        "dev.heartbeat",
        "dev.system.sync.time",
    }


def test_the_six_that_are_always_supported() -> None:
    assert set(ALWAYS_SUPPORTED) == {
        "dev.register",
        "dev.accredit",
        "dev.login",
        "dev.report",
        "cmd.dev.response",
        "dev.cmd.response",
    }
    assert {name for name, spec in CATALOGUE.items() if spec.always_supported} == set(ALWAYS_SUPPORTED) - {
        "cmd.dev.response"
    }


def test_the_report_lists_every_func_id_but_the_look_up_the_exchanges_and_extensions() -> None:
    expected = (set(CATALOGUE) | {"cmd.dev.response"}) - {
        *EXTENSION_FUNC_IDS,
        LOOKUP,
        "device.exchange.publicKey",
        "device.exchange.factor",
    }

    assert set(NEGOTIATED_FUNC_IDS) == expected
    assert len(NEGOTIATED_FUNC_IDS) == len(expected)


def test_tables_go_in_the_documents_order() -> None:
    assert PROTOCOL_ORDER[:9] == (
        "getBrokerServer",
        "connect",
        "subscribe",
        "device.exchange.publicKey",
        "device.exchange.factor",
        "dev.register",
        "dev.accredit",
        "dev.login",
        "dev.report",
    )
    assert set(PROTOCOL_ORDER) == set(CATALOGUE) | {"connect", "subscribe"}
    assert len(PROTOCOL_ORDER) == len(CATALOGUE) + 2
    assert [name for name in PROTOCOL_ORDER if name.startswith("cmd.")] == [
        name for name in DOCUMENT if name.startswith("cmd.")
    ]


def test_the_catalogue_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        CATALOGUE["dev.new"] = CATALOGUE["dev.report"]  # type: ignore[index]
