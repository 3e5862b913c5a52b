"""Long work does not keep other greenlets waiting."""

import gevent
import pytest

from simulator.swarm.off_the_hub import off_the_hub


def test_others_go_on_while_it_works() -> None:
    beats = 0
    done = False

    def beat() -> None:
        nonlocal beats
        while not done:
            beats += 1
            gevent.sleep(0.001)

    def work() -> int:
        total = 0
        while beats < 20:  # nothing here lets a greenlet run by itself
            total += 1
        return total

    beating = gevent.spawn(beat)
    assert off_the_hub(work) > 0
    done = True
    beating.join()
    assert beats >= 20


def test_what_it_raises_is_raised_and_not_printed(capfd: pytest.CaptureFixture[str]) -> None:
    def work() -> None:
        raise ValueError("the fleet has no devices")

    with pytest.raises(ValueError, match="no devices"):
        off_the_hub(work)
    gevent.sleep(0)
    assert "Traceback" not in "".join(capfd.readouterr())
