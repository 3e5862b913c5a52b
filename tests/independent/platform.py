"""A second platform for devices of the BEST meeting protocol, written from the documents alone.

    python -m tests.independent.platform --port 0 --suite rsa-aes --identities devices.csv --style B --wrong no-message

It shares no code with the project, and differs on purpose in everything that the documents leave open.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import json
import signal
import ssl
import sys
import time
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as serve_websockets

from . import channel
from .checks import DENIED, FORMAT, MALFORMED, SIGN, RefusalError, like, lookup_sign
from .configurable import Configurable
from .contents import PICTURE, pushed_commands
from .mistakes import WRONG
from .requests import same
from .session import Session
from .store import Command, Device, Identity, Store, read_identities
from .style import STYLES, SUCCESS

KINDS = ("push", "best-w", "best-t", "best-m", "best-a")
SKEW_MS = 5 * 60 * 1000


class Platform(Store):
    """Use `serve`; the attributes of `Store` are what tests look at."""

    kind = "best-w"
    """The one type of the look-up that is served."""

    def __init__(
        self,
        identities: Iterable[Identity],
        suite: str = "rsa-aes",
        style: str = "A",
        wrong: Iterable[str] = (),
        seed: int | None = None,
        heartbeat: int | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__({one.sn: Device(one, one.digest) for one in identities})
        self.random = Random(seed)
        self.suite, self.wrong = suite, frozenset(wrong)
        self.way: Any = Configurable(options or {}) if suite == "configurable" else channel
        if suite not in (*channel.SUITES, "configurable") or not self.wrong <= WRONG.keys():
            raise ValueError(f"unknown suite or mistake: {suite}, {sorted(self.wrong - WRONG.keys())}")
        self.style = STYLES[style](self.random)
        if heartbeat and self.style.heartbeat:
            self.style.heartbeat = heartbeat
        self.url = ""
        """Of the look-up, as the device's configuration holds it."""
        self.ws_url = self.root_ca = ""
        self.uploads: list[tuple[str, list[str]]] = []
        """(sn, pins) of each dev.data.upload.user."""
        self.failing_pictures: set[str] = set()
        """The cmdIds whose picture cannot be fetched."""
        self._numbers = {"mid": 0, "cmdId": 0}
        self._key: RSAPrivateKey | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, task: Coroutine[Any, Any, None]) -> None:
        running = asyncio.create_task(task)
        self._tasks.add(running)
        running.add_done_callback(self._tasks.discard)

    def observe(self, session: Session, what: str) -> None:
        self.observations.append(f"{session.sn}: {what}")

    def _next(self, name: str) -> int:
        self._numbers[name] += 1
        return self._numbers[name]

    def next_mid(self) -> str:
        mid = "m1" if "same-mid" in self.wrong else self.style.mid(self._next("mid"))
        return mid.rjust(40, "0") if "long-mids" in self.wrong else mid

    async def server_key(self) -> RSAPrivateKey:
        """One key for all connections, or in style B a new one for each."""
        if self._key is None or self.style.fresh_keys:
            self._key = await asyncio.to_thread(channel.new_key)
        return self._key

    # --- commands ---

    def queue(self, sn: str, func_id: str, params: dict[str, Any] | None = None, again: int = 0) -> Command:
        """Queue a command; it is sent at once or after the device's next report."""
        cmd_id = "1" if "same-cmdid" in self.wrong else self.style.cmd_id(self._next("cmdId"))
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        command = Command(func_id, cmd_id, params or {}, future, again=again)
        self.commands.append(command)
        device = self.devices[sn]
        device.queue.append(command)
        if device.session:
            device.session.wake.set()
        return command

    async def command(self, sn: str, func_id: str, params: dict[str, Any] | None = None, timeout: float = 35) -> str:
        """The code of the device's answer; an empty string where none came."""
        return await asyncio.wait_for(self.queue(sn, func_id, params).answer, timeout)

    async def push(self, session: Session) -> None:
        """In style B, every command that the device knows comes at a random moment after each of its reports."""
        if not self.style.pushes:
            return
        device = session.device
        base = f"{self.url}/pictures"
        absent = "absent-picture" in self.wrong
        support = device.report["multiBioDataSupport"].split(":")
        types = [str(number) for number, flag in enumerate(support) if flag == "1"]
        for func_id, params, fails in pushed_commands(self.random, self.style.timezone, base, types, absent):
            if not self.listed(session, func_id) or (func_id == "cmd.control.reboot" and device.rebooted):
                continue
            await asyncio.sleep(self.random.choice((0, 0, 0.02, 0.1, 0.4)))
            device.rebooted |= func_id == "cmd.control.reboot"
            again = func_id != "cmd.control.reboot" and self.random.random() < 0.25
            command = self.queue(session.sn, func_id, params, again=int(again))
            if fails:
                self.failing_pictures.add(command.cmd_id)

    def listed(self, session: Session, func_id: str) -> bool:
        """Whether the device's last report says that it knows the command."""
        return func_id in session.device.report["funcIds"] or "not-listed" in self.wrong

    # --- HTTP ---

    async def look_up(self, request: web.Request) -> web.Response:
        code, reason, results = SUCCESS, "", None
        query = request.query
        try:
            self._check_lookup({name: query[name] for name in query})
            results = self.style.look_up_results(self.ws_url, self.root_ca) | self.more_results()
        except RefusalError as refusal:
            code, reason = refusal.code, str(refusal)
            self.refusals.append((query.get("sn", ""), "getBrokerServer", self.style.code(code), reason))
        body = self.style.reply("device.exchange.", "", "", code, reason, results)
        body.pop("mid")
        status = 403 if code != SUCCESS and "http-403" in self.wrong else 200
        kind = "text/plain" if self.style.name == "A" else "application/json"
        return web.Response(text=self.style.encode(body), content_type=kind, status=status)

    def more_results(self) -> dict[str, str]:
        """What the look-up answers beside what the style does."""
        return {}

    def _check_lookup(self, query: dict[str, str]) -> None:
        for name in ("sn", "type", "nonce", "timestamp", "sign"):
            if not query.get(name):
                raise RefusalError(MALFORMED, f"{name} is missing")
        if query["type"] not in KINDS:
            raise RefusalError(FORMAT, "unknown type")
        if query["type"] != self.kind:
            raise RefusalError(FORMAT, "a type that this platform does not serve")
        if len(query["nonce"]) > 32 and "long-nonce" not in self.wrong:
            raise RefusalError(FORMAT, "nonce longer than 32")
        if not like("[0-9]{1,19}")(query["timestamp"]):
            raise RefusalError(FORMAT, "timestamp is no number")
        device = self.devices.get(query["sn"])
        if device is None:
            raise RefusalError(DENIED, "unknown sn")
        sign = lookup_sign(query["sn"], query["nonce"], query["timestamp"], device.identity.secret_key)
        if not same(sign, query["sign"]) and "any-sign" not in self.wrong:
            raise RefusalError(SIGN, "wrong sign")
        if abs(time.time() * 1000 - int(query["timestamp"])) > SKEW_MS and "stale-timestamp" not in self.wrong:
            raise RefusalError(SIGN, "stale timestamp")
        if query["nonce"] in device.nonces and "repeated-nonce" not in self.wrong:
            raise RefusalError(SIGN, "a nonce used twice")
        device.nonces.add(query["nonce"])

    async def picture(self, request: web.Request) -> web.Response:
        if request.match_info["name"] != "face.jpg":
            raise web.HTTPNotFound
        return web.Response(body=PICTURE, content_type="image/jpeg")


@contextlib.asynccontextmanager
async def serve(
    identities: Iterable[Identity] | str | Path,
    suite: str = "rsa-aes",
    style: str = "A",
    *,
    port: int = 0,
    tls: tuple[str, str] | None = None,
    wrong: Iterable[str] = (),
    seed: int | None = None,
    heartbeat: int | None = None,
    options: Mapping[str, Any] | None = None,
) -> AsyncIterator[Platform]:
    """A running platform on this machine's loopback; `options` are of the suite `configurable`."""
    if isinstance(identities, str | Path):
        identities = read_identities(identities)
    platform = Platform(identities, suite, style, wrong, seed, heartbeat, options)
    secure = None
    if tls:
        secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        secure.load_cert_chain(*tls)
        platform.root_ca = await asyncio.to_thread(Path(tls[0]).read_text)
    path = (
        "/" if style == "A" else "/best/w/v1?room=%E4%BC%9A&token=" + base64.urlsafe_b64encode(b"any?device>").decode()
    )

    async def connected(ws: ServerConnection) -> None:
        if ws.request is None or ws.request.path != path:
            await ws.close(1008, "another path than the look-up's")
            return
        await Session(platform, ws).run()

    app = web.Application()
    app.router.add_get("/v3/device/getBrokerServer", platform.look_up)
    app.router.add_get("/pictures/{name}", platform.picture)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    pings = platform.style.pings
    biggest = 4 * 1024 * 1024
    try:
        async with serve_websockets(
            connected, "127.0.0.1", 0, ssl=secure, max_size=biggest, ping_interval=pings, close_timeout=2
        ) as server:
            site = web.TCPSite(runner, "127.0.0.1", port, ssl_context=secure)
            await site.start()
            letter = "s" if tls else ""
            platform.ws_url = f"ws{letter}://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}{path}"
            platform.url = f"http{letter}://127.0.0.1:{runner.addresses[0][1]}"
            yield platform
    finally:
        await runner.cleanup()


async def _run(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    async with serve(
        options.identities,
        options.suite,
        options.style,
        port=options.port,
        tls=tuple(options.tls) if options.tls else None,
        wrong=options.wrong,
        seed=options.seed,
        heartbeat=options.heartbeat,
    ) as platform:
        sys.stdout.write(platform.url + "\n")
        sys.stdout.flush()
        await stop.wait()
        summary = {
            "records": len(platform.records),
            "users": len(platform.users),
            "photos": len(platform.photos),
            "commands": [(one.func_id, one.codes) for one in platform.commands],
            "refusals": platform.refusals,
            "observations": platform.observations,
            "closed": platform.closed,
        }
        sys.stderr.write(json.dumps(summary, ensure_ascii=False, indent=1) + "\n")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--suite", choices=channel.SUITES, default="rsa-aes")
    parser.add_argument("--identities", required=True, metavar="CSV")
    parser.add_argument("--tls", nargs=2, metavar=("CERT", "KEY"))
    parser.add_argument("--style", choices=sorted(STYLES), default="A")
    parser.add_argument("--wrong", nargs="+", choices=sorted(WRONG), default=[], help=json.dumps(WRONG, indent=1))
    parser.add_argument("--seed", type=int)
    parser.add_argument("--heartbeat", type=int, help="style B's heartbeatInterval, in seconds")
    asyncio.run(_run(parser.parse_args(arguments)))


if __name__ == "__main__":
    main()
