"""`python -m benchmarks.mqtt.codecs --libraries DIR`: the codecs of two libraries without their clients, beside ours.

Both keep theirs behind names that they promise nothing about; this tells what would be gained by taking one anyway.
A turn writes the PUBLISH of a heartbeat with quality of service 1 and reads one of the same size.
"""

import argparse
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from benchmarks.figures import ratio, spread
from benchmarks.mqtt.client import SAMPLE_MID
from benchmarks.mqtt.fleets import down, up
from simulator.mqtt.codec import PacketReader, encode
from simulator.mqtt.packets import Publish
from simulator.protocol.envelope import heartbeat

PAYLOAD = heartbeat(SAMPLE_MID, True)
ARRIVED = encode(Publish(down(1), PAYLOAD, 1, 7))
TURNS = 50_000
ROUNDS = 5
OWN = "best-fleet"


def own() -> Callable[[], None]:
    reader = PacketReader()

    def turn() -> None:
        encode(Publish(up(1), PAYLOAD, 1, 7))
        for _ in reader.feed(ARRIVED):
            pass

    return turn


def zmqtt() -> Callable[[], None]:
    packets = import_module("zmqtt._internal.packets.publish")
    codec = import_module("zmqtt._internal.packets.codec")
    reader = import_module("zmqtt._internal.packets.reader").PacketBuffer()
    qos = import_module("zmqtt").QoS.AT_LEAST_ONCE

    def turn() -> None:
        packet = packets.Publish(topic=up(1), payload=PAYLOAD, qos=qos, retain=False, dup=False, packet_id=7)
        codec.encode(packet, version="3.1.1")
        reader.feed(ARRIVED)
        for _ in reader:
            pass

    return turn


def mqttium() -> Callable[[], None]:
    publish = import_module("mqttium.packets").PublishPacket
    reader = import_module("mqttium.codec").IncrementalDecoder()
    qos = import_module("mqttium").QoS(1)

    def turn() -> None:
        publish(up(1), PAYLOAD, qos, False, False, 7).encode()
        reader.feed(ARRIVED)
        while (raw := reader.next_packet()) is not None:
            publish.decode(raw.flags, raw.remaining)

    return turn


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mqtt.codecs", description=__doc__)
    parser.add_argument("--libraries", type=Path, metavar="DIR", help="where the libraries are installed")
    options = parser.parse_args()
    if options.libraries is not None:
        sys.path.append(str(options.libraries))
    turns: dict[str, Callable[[], None]] = {}
    for name, make in ((OWN, own), ("zmqtt", zmqtt), ("mqttium", mqttium)):
        try:
            turns[name] = make()
        except ImportError as missing:
            print(f"{name} is left out: {missing}")
    costs: dict[str, list[float]] = {name: [] for name in turns}
    for _ in range(ROUNDS):
        for name, turn in turns.items():
            began = time.process_time()
            for _ in range(TURNS):
                turn()
            costs[name].append((time.process_time() - began) / TURNS * 1e6)
    for name, values in costs.items():
        against = ratio(values, costs[OWN])
        print(f"{name}: {spread(values).median:.2f} us, {against.median:.2f} ({against.low:.2f}-{against.high:.2f})")


if __name__ == "__main__":
    main()
