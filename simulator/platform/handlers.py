"""What each message of a device does: a table from funcId to handler.

A handler gets a message that keeps every rule, and says with which code and results it is answered. It knows no
connection: what a login or a report changes in its session is the session's, as are exchanges and command answers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from simulator.platform.files import FileStore
from simulator.platform.ledger.uploads import UploadTables
from simulator.platform.pushes import Pushes
from simulator.platform.rules import REGISTER
from simulator.platform.services import Services
from simulator.platform.settings import PlatformSettings
from simulator.platform.uploads import Upload, Uploads
from simulator.protocol import codes
from simulator.protocol.broker import is_publish_subscribe, is_websocket
from simulator.protocol.times import parse_offset

Results = Mapping[str, Any] | None
Handle = Callable[[str, Mapping[str, Any]], tuple[str, Results]]
"""Takes sn and params; returns code and results."""

_OF_MEETINGS: Mapping[str, str] = {
    "dev.data.upload.verifyLog": "verifyLog",
    "dev.data.upload.verifyPhoto": "verifyPhotos",
}
"""Where the entries stand that carry a `meetCode`, by funcId."""

_DONE: tuple[str, Results] = (codes.SUCCESS, None)


@dataclass(frozen=True, slots=True)
class Handler:
    """One funcId's handler."""

    handle: Handle
    writes: bool = True
    """Whether its success is answered only after the ledger's commit."""


def handler_table(
    services: Services, pushes: Pushes, files_of: Callable[[UploadTables], FileStore] = FileStore
) -> Mapping[str, Handler]:
    """The handlers of one platform; `files_of` makes its store of files."""
    authority, devices, demands = services.authority, services.devices, services.demands
    reading = services.settings.reading
    tables = UploadTables(services.ledger)
    files = files_of(tables)
    uploads = Uploads(tables, files)
    offset = parse_offset(services.settings.timezone)
    results_of_report = report_results(services.settings)

    def report(sn: str, params: Mapping[str, Any]) -> tuple[str, Results]:
        demands.report(sn, params)
        devices.reported(sn, orjson.dumps(params))
        return codes.SUCCESS, results_of_report

    def users(sn: str, params: Mapping[str, Any]) -> tuple[str, Results]:
        code = uploads.users(sn, params)
        if code == codes.SUCCESS:
            pushes.uploaded_users(sn)
        return code, None

    def time(sn: str, params: Mapping[str, Any]) -> tuple[str, Results]:
        return codes.SUCCESS, reading.sync_time.results(services.clock.wall(), offset)

    def upload(take: Upload) -> Handle:
        return lambda sn, params: (take(sn, params), None)

    def of_meetings(func_id: str, name: str) -> Handle:
        take = taking[func_id]

        def handle(sn: str, params: Mapping[str, Any]) -> tuple[str, Results]:
            demands.meet_codes(sn, params[name])
            return take(sn, params), None

        return handle

    taking = uploads.handlers()
    meetings = {} if reading.meet_code is None else _OF_MEETINGS

    return {
        REGISTER: Handler(_register(services, is_websocket)),
        "dev.accredit": Handler(authority.accredit),
        "dev.login": Handler(authority.login),
        "dev.report": Handler(report),
        "dev.heartbeat": Handler(lambda sn, params: _DONE, writes=False),
        "dev.file.upload.start": Handler(upload(files.start), writes=False),
        "dev.file.upload.package": Handler(upload(files.package), writes=False),
        "dev.file.upload.end": Handler(upload(files.end)),
        **{func_id: Handler(upload(take)) for func_id, take in taking.items()},
        **{func_id: Handler(of_meetings(func_id, name)) for func_id, name in meetings.items()},
        "dev.data.upload.user": Handler(users),
        "dev.system.sync.time": Handler(time, writes=False),
    }


def over_publish_subscribe(handlers: Mapping[str, Handler], services: Services) -> Mapping[str, Handler]:
    """The same handlers where devices publish to topics: only the transport that a registration names is another."""
    return {**handlers, REGISTER: Handler(_register(services, is_publish_subscribe))}


def _register(services: Services, is_served: Callable[[str], bool]) -> Handle:
    authority, demands = services.authority, services.demands

    def register(sn: str, params: Mapping[str, Any]) -> tuple[str, Results]:
        demands.registration(params)
        # A device that names another transport here would be looked for there, and it is here.
        return authority.register(sn, params) if is_served(params["protType"]) else (codes.BAD_VALUE, None)

    return register


def report_results(settings: PlatformSettings) -> Mapping[str, Any]:
    """What the reply to `dev.report` tells."""
    results: dict[str, Any] = {
        "timezone": settings.timezone,
        "supportHeartbeat": "1" if settings.supports_heartbeat else "0",
        "heartbeatInterval": str(settings.heartbeat_interval),
        "multiBioDataSupport": settings.multi_bio_data_support,
        "multiBioPhotoSupport": settings.multi_bio_photo_support,
    }
    if settings.func_ids is not None:
        results["funcIds"] = list(settings.func_ids)
    return results
