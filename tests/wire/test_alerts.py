"""The alert of a refusing server goes out, on both event loops, and a client that stays for all that is ended."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

from simulator.wire.tls import SelfSigned, self_signed, server_context
from tests.wire.helpers import Collector, Network


async def test_the_alert_goes_out_and_the_connection_ends(
    network: Network, certificate: SelfSigned, tmp_path: Path
) -> None:
    """The peer is a plain socket with OpenSSL in memory, which hangs up only when the server has."""
    own = self_signed(tmp_path, ["device"])
    server, handlers = await network.serve(ssl=server_context(*certificate, client_ca=own.cert), open_timeout=0.5)
    context = ssl.create_default_context(cafile=certificate.cert)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    told = ""
    done = False
    async with asyncio.timeout(5):
        while True:
            try:
                done = done or client.do_handshake() is None
                client.read(100)
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError as error:
                told = told or str(error.reason)
            writer.write(outgoing.read())
            try:
                data = await reader.read(65_536)
            except ConnectionError:
                break
            if not data:
                break
            incoming.write(data)
    writer.close()
    assert told == "TLSV13_ALERT_CERTIFICATE_REQUIRED"
    assert handlers == []


async def test_right_clients_notice_nothing(network: Network, certificate: SelfSigned, tmp_path: Path) -> None:
    from simulator.wire.tls import client_context

    own = self_signed(tmp_path, ["device"])
    server, handlers = await network.serve(ssl=server_context(*certificate, client_ca=own.cert))
    for _ in range(3):
        await network.connect(server.port, ssl=client_context(certificate.cert, own.cert, own.key))
    assert all(isinstance(handler, Collector) for handler in handlers)
    assert len(handlers) == 3
