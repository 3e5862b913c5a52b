"""The page of all mistakes in Markdown, made from `simulator.platform.wrong.modes`."""

from simulator.platform.wrong.mode import Mode
from simulator.platform.wrong.modes import MODES

_HEAD = """\
# The platform that is wrong on purpose

The embedded platform can be told to make mistakes: `platform: {wrong: [name, …]}` in a scenario, or
`best-fleet platform --wrong NAME[,NAME]`. Any number of them go together. Mistakes that cannot be in one message are
made in turns, over all devices; what would keep devices away for good is made at every other occasion. A mistake in a
command comes with a command of that kind, pushed to each device that comes online.

"Named by" says what tells of a mistake: rules count in every run (`violations` in `summary.json`), cases are those of
`best-fleet conform`. A mistake without a rule breaks nothing that a device in a run would notice. This page is
generated from `simulator/platform/wrong` (`make docs`); a test fails when it is out of date.

"""


def wrong_platform_page() -> str:
    """The whole page; `docs/wrong-platform.md` holds it."""
    return (
        _HEAD
        + "| name | the platform … | named by rules | named by cases |\n|---|---|---|---|\n"
        + "".join(_row(mode) for mode in MODES.values())
    )


def _row(mode: Mode) -> str:
    suites = f" (with the channel {' or '.join(mode.suites)})" if mode.suites else ""
    return f"| `{mode.name}` | {mode.text}{suites} | {_words(mode.rules)} | {_words(mode.cases)} |\n"


def _words(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)
