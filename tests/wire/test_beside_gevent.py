"""The layer in a native thread beside gevent-patched Python: no logging handler is ever called, no greenlet blocked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from simulator.wire.tls import SelfSigned

SCRIPT = '''
import gevent.monkey
gevent.monkey.patch_all()
import asyncio, logging, sys
import gevent, uvloop

class Trap(logging.Handler):
    """A handler that notices every record, whichever logger it comes from."""
    records = []
    def emit(self, record):
        self.records.append(record.getMessage())

logging.basicConfig(level=logging.DEBUG, handlers=[Trap()])
from simulator.wire import ConnectFailed, connect, serve
from simulator.wire.tls import client_context, server_context

class Handler:
    def opened(self, connection):
        self.connection = connection
        self.ended = asyncio.get_running_loop().create_future()
        self.got = 0
    def message(self, payload, binary):
        self.got += 1
        if type(self) is Handler:
            self.connection.send(payload, binary)
    def closed(self, code, reason, detail):
        self.code = code
        self.ended.set_result(code)

class Client(Handler):
    pass

async def main(certificate, key):
    problems = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: problems.append(repr(context)))
    for secure in (False, True):
        tls = client_context(certificate) if secure else None
        server = await serve(
            "127.0.0.1", 0, Handler, max_size=100_000, max_write_buffer=1 << 16, close_timeout=1, path="/best",
            ssl=server_context(certificate, key) if secure else None,
        )
        url = f"{'wss' if secure else 'ws'}://127.0.0.1:{server.port}"
        options = dict(ssl=tls, max_size=1 << 20, open_timeout=5, close_timeout=1)
        codes = []
        for payload, binary, end in (
            (b"hello", False, "close"),
            (bytes(90_000), True, "abort"),
            (bytes(100_001), True, "limit"),
            (b"\\xff", False, "bad"),
        ):
            client = Client()
            connection = await connect(url + "/best", client, **options)
            connection.ping()
            connection.send(payload, binary)
            if end in ("close", "abort"):
                while not client.got:
                    await asyncio.sleep(0.001)
                getattr(connection, end)()
            for _ in range(20):
                connection.send(b"more", False)
            codes.append(await client.ended)
        assert codes == [1000, 1006, 1009, 1007], codes
        for wrong in (url + "/other", url.replace("127.0.0.1", "no-such-host.invalid"), "ws://127.0.0.1:1/"):
            try:
                await connect(wrong, Client(), **options)
            except ConnectFailed:
                pass
            else:
                raise AssertionError(wrong)
        server.close()
        await server.wait_closed()
    assert not problems, problems

outcome = []
def native():
    try:
        uvloop.run(main(*sys.argv[1:]))
        outcome.append("done")
    except BaseException as exc:
        outcome.append(repr(exc))

gevent.monkey.get_original("_thread", "start_new_thread")(native, ())
turns = 0
while not outcome:
    gevent.sleep(0.001)
    turns += 1
assert outcome == ["done"], outcome
assert turns > 3
assert Trap.records == [], Trap.records
'''


def test_no_record_reaches_a_handler(certificate: SelfSigned) -> None:
    pytest.importorskip("gevent")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(certificate.cert), str(certificate.key)],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
