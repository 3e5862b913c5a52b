"""The queue that is cheap while it is empty behaves as a deque."""

from collections import deque

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.device.fifo import Fifo


@given(
    steps=st.lists(
        st.sampled_from(["append", "appendleft", "popleft", "clear", "extend", "remove", "first"]), max_size=60
    )
)
@settings(max_examples=50)
def test_fifo_is_a_deque(steps: list[str]) -> None:
    fifo: Fifo[int] = Fifo()
    model: deque[int] = deque()
    for number, step in enumerate(steps):
        if step in ("popleft", "first") and not model:
            with pytest.raises(IndexError):
                _ = fifo.first if step == "first" else fifo.popleft()
        elif step == "popleft":
            assert fifo.popleft() == model.popleft()
        elif step == "first":
            assert fifo.first == model[0]
        elif step == "clear":
            fifo.clear()
            model.clear()
        elif step == "extend":
            fifo.extend([number, -number])
            model.extend([number, -number])
        elif step == "remove":
            if number // 2 in model:
                fifo.remove(number // 2)
                model.remove(number // 2)
            else:
                with pytest.raises(ValueError, match=r"queue|deque"):
                    fifo.remove(number // 2)
        else:
            getattr(fifo, step)(number)
            getattr(model, step)(number)
        assert list(fifo) == list(model)
        assert list(reversed(fifo)) == list(reversed(model))
        assert len(fifo) == len(model)
        assert bool(fifo) == bool(model)
