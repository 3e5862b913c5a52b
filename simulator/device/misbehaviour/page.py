"""The page of all ways of misbehaving in Markdown, made from `registry`."""

from simulator.device.misbehaviour.registry import WAYS, Way

_HEAD = """\
# Devices that misbehave on purpose

A scenario can have devices do what the document forbids, and see whether the platform does what the document says then:

```yaml
faults:
  - {what: misbehave, at: 20min, for: 1min, share: 1%, ways: [duplicate_log, bad_sign], rate: 6/min, expect: refused}
```

`rate` is that of each device, which takes the ways in turn, from one of its own on and at an even rhythm. It does so
only while it is online, beside its own business, which goes on untouched: its records, mids and counters are right
before and after. What it does on purpose stands in no figure of requests, records, failures or violations, but in
`misbehaviour` alone:

| outcome | the platform … |
|---|---|
| `refused_as_expected` | did what the document says; for some ways that is an answer and no refusal |
| `accepted` | took what it must not take (`misbehaviour.accepted == 0` is a threshold) |
| `silent` | did neither: it is there and gave no answer in time, broke down (close code 1011, HTTP 5xx), or answered \
in another way |

`sent` is the sum of the three: each is counted once it is known what came of it. What an outage or a reboot cuts off,
and what ends for a reason of its own, says nothing about the platform and is not counted; silence counts where the
device's own connection was alive meanwhile, and that of a look-up where a right one is answered then. Where what a way
needs is not there at the moment (a record that was acknowledged, a funcId that was negotiated), the device takes the
next one instead. Of a device up to 32 wait for their outcome at a time; what is due beyond them is left out.
`expect: any` says that nobody is to be judged: the outcomes are the same.

This page is generated from `simulator/device/misbehaviour/registry.py` (`make docs`); a test fails when it is out of
date.
"""


def misbehaviour_page() -> str:
    """The whole page; `docs/misbehaviour.md` holds it."""
    return _HEAD + "".join(map(_section, WAYS.values()))


def _section(way: Way) -> str:
    never = f"- Not done: {way.not_done}\n" if way.not_done else ""
    return f"""
## {way.name}

The device does this: {way.text}.

- What is sent: {way.sends}.
- Section: {way.section}
- What stands there: {way.words}
- What the platform must do: {way.must}
- How it is judged: {way.judged}.
{never}"""
