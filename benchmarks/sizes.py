"""How large the benchmarks are: in full for figures that count, quick for a look, tiny for a test of the harness.

In full there are five rounds of everything, and all parts together take about an hour; both bound the fleets.
"""

from dataclasses import dataclass

from benchmarks.attendance import AttendanceSize
from benchmarks.clients import Window
from benchmarks.fleet import FleetSize
from benchmarks.handshakes import SessionsSize
from benchmarks.instructions import InstructionsSize
from benchmarks.judge import JudgeSize
from benchmarks.latency import LatencySize
from benchmarks.master import MasterSize
from benchmarks.round_trip import RoundTripSize
from benchmarks.scale import ScaleSize
from benchmarks.transports import TransportsSize


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """One size of every benchmark."""

    name: str
    round_trip: RoundTripSize
    scale: ScaleSize
    latency: LatencySize
    master: MasterSize
    judge: JudgeSize
    attendance: AttendanceSize
    transports: TransportsSize
    handshakes: SessionsSize
    fleet: FleetSize
    instructions: InstructionsSize


FULL = Sizes(
    name="full",
    round_trip=RoundTripSize(
        rounds=5,
        devices=200,
        beats=20,
        full_beats=100,
        usual_full_beats=25,
        k6_full_beats=30,
        start_rate=200,
        window=Window(settle_s=2, window_s=5),
    ),
    scale=ScaleSize(
        rounds=5,
        fleets=(200, 2_000, 20_000),
        rate=4_000,
        start_rate=500,
        rush_rate=1_000,
        usual=500,
        window=Window(settle_s=3, window_s=5),
    ),
    latency=LatencySize(
        rounds=5,
        devices=400,
        start_rate=400,
        seconds=15,
        offered=60_000,
        searches=3,
        window=Window(settle_s=3, window_s=5),
    ),
    master=MasterSize(rounds=5, workers=50, devices_per_worker=2_000, rate=400, window=Window(settle_s=4, window_s=12)),
    judge=JudgeSize(rounds=5, checks=200_000),
    attendance=AttendanceSize(
        rounds=5, devices=3_000, rate=1_000, members=10, start_rate=400, window=Window(settle_s=3, window_s=12)
    ),
    transports=TransportsSize(
        rounds=5,
        devices=200,
        beats=50,
        full_beats=100,
        many=2_000,
        many_secure=2_000,
        start_rate=250,
        window=Window(settle_s=2, window_s=4),
    ),
    handshakes=SessionsSize(rounds=5, window_s=4),
    fleet=FleetSize(devices=None, run_s=None, limit_s=3500),
    instructions=InstructionsSize(few=2_000, many=12_000),
)
QUICK = Sizes(
    name="quick",
    round_trip=RoundTripSize(
        rounds=1,
        devices=200,
        beats=20,
        full_beats=100,
        usual_full_beats=25,
        k6_full_beats=30,
        start_rate=200,
        window=Window(settle_s=1, window_s=2),
    ),
    scale=ScaleSize(
        rounds=1,
        fleets=(200, 500, 2_000),
        rate=4_000,
        start_rate=250,
        rush_rate=1_000,
        usual=200,
        window=Window(settle_s=2, window_s=2),
    ),
    latency=LatencySize(
        rounds=1,
        devices=400,
        start_rate=400,
        seconds=8,
        offered=60_000,
        searches=1,
        window=Window(settle_s=2, window_s=2),
    ),
    master=MasterSize(rounds=1, workers=50, devices_per_worker=200, rate=400, window=Window(settle_s=2, window_s=6)),
    judge=JudgeSize(rounds=1, checks=50_000),
    attendance=AttendanceSize(
        rounds=1, devices=1_000, rate=500, members=10, start_rate=250, window=Window(settle_s=2, window_s=10)
    ),
    transports=TransportsSize(
        rounds=1,
        devices=200,
        beats=50,
        full_beats=100,
        many=1_000,
        many_secure=500,
        start_rate=250,
        window=Window(settle_s=2, window_s=2),
    ),
    handshakes=SessionsSize(rounds=1, window_s=2),
    fleet=FleetSize(devices=2_000, run_s=60, limit_s=200),
    instructions=InstructionsSize(few=2_000, many=6_000),
)
TINY = Sizes(
    name="tiny",
    round_trip=RoundTripSize(
        rounds=1,
        devices=3,
        beats=10,
        full_beats=50,
        usual_full_beats=20,
        k6_full_beats=20,
        start_rate=20,
        window=Window(settle_s=0.2, window_s=0.5),
    ),
    scale=ScaleSize(
        rounds=1,
        fleets=(2, 3),
        rate=20,
        start_rate=20,
        rush_rate=50,
        usual=3,
        window=Window(settle_s=0.2, window_s=0.5),
    ),
    latency=LatencySize(
        rounds=1, devices=3, start_rate=20, seconds=2, offered=60, searches=1, window=Window(settle_s=0.2, window_s=0.5)
    ),
    master=MasterSize(rounds=1, workers=2, devices_per_worker=3, rate=10, window=Window(settle_s=0.2, window_s=3.5)),
    judge=JudgeSize(rounds=1, checks=100),
    attendance=AttendanceSize(
        rounds=1, devices=4, rate=2, members=2, start_rate=20, window=Window(settle_s=0.5, window_s=5)
    ),
    transports=TransportsSize(
        rounds=1,
        devices=2,
        beats=20,
        full_beats=50,
        many=3,
        many_secure=3,
        start_rate=20,
        window=Window(settle_s=0.2, window_s=0.5),
    ),
    handshakes=SessionsSize(rounds=1, window_s=0.5),
    fleet=FleetSize(devices=4, run_s=8, limit_s=120),
    instructions=InstructionsSize(few=200, many=400),
)
"""For the harness' own test; its figures mean nothing."""
SIZES = {sizes.name: sizes for sizes in (FULL, QUICK, TINY)}
