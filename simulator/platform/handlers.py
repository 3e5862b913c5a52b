"""What each message of a device does: a table from funcId to handler.

A handler gets a message that keeps every rule, and says with which code and results it is answered. Exchanges and
command answers are not among them: they belong to the session and the commander.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from simulator.platform.uploads import Upload
from simulator.protocol import codes
from simulator.protocol.broker import is_websocket
from simulator.protocol.times import format_iso, parse_offset

if TYPE_CHECKING:
    from simulator.platform.broker import Broker
    from simulator.platform.session import Session

Results = Mapping[str, Any] | None
Handle = Callable[["Session", str, Mapping[str, Any]], tuple[str, Results]]
"""Takes session, sn and params; returns code and results."""

_DONE: tuple[str, Results] = (codes.SUCCESS, None)


@dataclass(frozen=True, slots=True)
class Handler:
    """One funcId's handler."""

    handle: Handle
    writes: bool = True
    """Whether its success is answered only after the ledger's commit."""


def handler_table(broker: "Broker") -> Mapping[str, Handler]:
    """The handlers of one broker."""
    authority, files, ledger, settings = broker.authority, broker.files, broker.ledger, broker.settings
    offset = parse_offset(settings.timezone)
    report_results: dict[str, Any] = {
        "timezone": settings.timezone,
        "supportHeartbeat": "1" if settings.supports_heartbeat else "0",
        "heartbeatInterval": str(settings.heartbeat_interval),
        "multiBioDataSupport": settings.multi_bio_data_support,
        "multiBioPhotoSupport": settings.multi_bio_photo_support,
    }
    if settings.func_ids is not None:
        report_results["funcIds"] = list(settings.func_ids)

    def login(session: "Session", sn: str, params: Mapping[str, Any]) -> tuple[str, Results]:
        code, results = authority.login(sn, params)
        if code == codes.SUCCESS:
            broker.logged_in(session, sn)
        return code, results

    def register(session: "Session", sn: str, params: Mapping[str, Any]) -> tuple[str, Results]:
        # A device that names another transport here would be looked for there, and it is here.
        return authority.register(sn, params) if is_websocket(params["protType"]) else (codes.BAD_VALUE, None)

    def report(session: "Session", sn: str, params: Mapping[str, Any]) -> tuple[str, Results]:
        session.reported(params)
        ledger.write("UPDATE devices SET report = ?, reports = reports + 1 WHERE sn = ?", (orjson.dumps(params), sn))
        return codes.SUCCESS, report_results

    def users(session: "Session", sn: str, params: Mapping[str, Any]) -> tuple[str, Results]:
        code = broker.uploads.users(sn, params)
        if code == codes.SUCCESS:
            broker.commander.uploaded_users(sn)
        return code, None

    def time(session: "Session", sn: str, params: Mapping[str, Any]) -> tuple[str, Results]:
        return codes.SUCCESS, {"time": format_iso(broker.clock.wall(), offset)}

    def upload(take: Upload) -> Handle:
        return lambda session, sn, params: (take(sn, params), None)

    return {
        "dev.register": Handler(register),
        "dev.accredit": Handler(lambda session, sn, params: authority.accredit(sn, params)),
        "dev.login": Handler(login),
        "dev.report": Handler(report),
        "dev.heartbeat": Handler(lambda session, sn, params: _DONE, writes=False),
        "dev.file.upload.start": Handler(upload(files.start), writes=False),
        "dev.file.upload.package": Handler(upload(files.package), writes=False),
        "dev.file.upload.end": Handler(upload(files.end)),
        **{func_id: Handler(upload(take)) for func_id, take in broker.uploads.handlers().items()},
        "dev.data.upload.user": Handler(users),
        "dev.system.sync.time": Handler(time, writes=False),
    }
