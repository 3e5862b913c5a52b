"""Channel options for tests: as a scenario writes them, and any valid combination."""

from collections.abc import Mapping
from typing import Any, get_args

from hypothesis import strategies as st

from simulator.protocol.channel import options as o
from simulator.protocol.channel.options import DEFAULT_OPTIONS, ChannelOptions, FactorOptions, problems
from simulator.scenario.sections.channel import ChannelSection


def written(options: Mapping[str, Any]) -> ChannelOptions:
    """The options under the keys of a scenario's `channel`."""
    found = ChannelSection.model_validate({"suite": "configurable", **options}).suite_options()
    assert isinstance(found, ChannelOptions)
    return found


def _of(literal: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(get_args(literal))


def options(**fixed: Any) -> st.SearchStrategy[ChannelOptions]:
    """Every option drawn from all of its values, contradictions left out; `fixed` as they are."""
    drawn = {
        "device_key_bits": _of(o.DeviceKeyBits),
        "public_key": _of(o.PublicKeyForm),
        "padding": _of(o.Padding),
        "factor": st.builds(FactorOptions, bytes=st.integers(o.LEAST_FACTOR, o.MOST_FACTOR), text=_of(o.FactorText)),
        "order": _of(o.Order),
        "derive": _of(o.Derive),
        "info": st.text(max_size=20) | st.just(DEFAULT_OPTIONS.info),
        "salt": st.binary(max_size=40),
        "keys": _of(o.Keys),
        "cipher": _of(o.CipherName),
        "iv": _of(o.IvKind),
        "framing": _of(o.FramingKind),
    }
    drawn |= {name: st.just(value) for name, value in fixed.items()}
    return st.builds(ChannelOptions, **drawn).filter(lambda found: not list(problems(found)))
