"""What a device says of its platform: to the recorder, under its index, without its secrets."""

from simulator.clock import ManualClock
from simulator.device.witness import Witness
from tests.device.recording import Recording


class Holder:
    def secrets(self) -> tuple[str, ...]:
        return ("hush-hush",)


def test_findings_are_told_under_the_devices_index_without_its_secrets() -> None:
    recorder = Recording()
    witness = Witness(recorder, ManualClock(wall=1_700_000_000.0), Holder(), 7)
    witness.violation("reply.code", "dev.login", "code is hush-hush", 2)
    witness.observation("login.repeated", "dev.login", "hush-hush again")
    assert recorder.violations == [("reply.code", "dev.login", "code is ***", 7)] * 2
    assert recorder.observations == [("login.repeated", "dev.login", "*** again", 7, 1)]
