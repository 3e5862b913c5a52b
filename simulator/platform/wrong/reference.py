"""The page of all mistakes in Markdown, made from `simulator.platform.wrong.modes`."""

from simulator.platform.wrong.mode import Mode
from simulator.platform.wrong.modes import MODES
from simulator.platform.wrong.named_by import ALSO

_HEAD = """\
# The platform that is wrong on purpose

The embedded platform can be told to make mistakes: `platform: {wrong: [name, …]}` in a scenario, or
`best-fleet platform --wrong NAME[,NAME]`. Any number of them go together. Mistakes that cannot be in one message are
made in turns, over all devices; what would keep devices away for good is made at every other occasion. A mistake in a
command comes with a command of that kind, pushed to each device that comes online.

"Named by" says what tells of a mistake: rules count in every run (`violations` in `summary.json`), cases are those of
`best-fleet conform`, all of a pattern or some of it. A mistake without a rule breaks nothing that a device in a run
would notice. Most are made over WebSocket and MQTT alike; where it says over which, they cannot be seen over the other.
This page is generated from `simulator/platform/wrong` (`make docs`); a test fails when it is out of date.

"""
_BESIDE = """
Beside them these may fail, though the mistake is not their subject:

| mistake | cases | because |
|---|---|---|
"""


def wrong_platform_page() -> str:
    """The whole page; `docs/wrong-platform.md` holds it."""
    return (
        _HEAD
        + "| name | the platform … | named by rules | named by cases |\n|---|---|---|---|\n"
        + "".join(_row(mode) for mode in MODES.values())
        + _BESIDE
        + "".join(f"| `{name}` | {_words(also.cases)} | {also.why} |\n" for name, also in ALSO.items())
    )


def _row(mode: Mode) -> str:
    suites = f" (with the channel {' or '.join(mode.suites)})" if mode.suites else ""
    suites += f" (over {mode.over})" if mode.over else ""
    return f"| `{mode.name}` | {mode.text}{suites} | {_words(mode.rules)} | {_words(mode.cases)} |\n"


def _words(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)
