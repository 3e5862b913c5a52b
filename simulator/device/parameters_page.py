"""The page that says of each parameter of `dev.report` what sets it and what it decides, in Markdown."""

from simulator.device.report_parameters import PARAMETERS
from simulator.protocol.catalogue import CATALOGUE

_HEAD = """\
# Parameters of `dev.report`

What a device says of itself, what sets it in a scenario, and what the device does because of it; where that is nothing,
why. `options` of a group gives any value to those that name it; `report` leaves parameters out, or adds others, for
platforms that want it so. This page is generated from `simulator/device/report_parameters.py` (`make docs`); a test
sees that no parameter of the document is missing.

| parameter | meaning | set by | what follows |
|---|---|---|---|
"""


def parameters_page() -> str:
    """The whole page; `docs/device-parameters.md` holds it."""
    rows = []
    for field in CATALOGUE["dev.report"].params.fields:
        parameter = PARAMETERS[field.name]
        rows.append(f"| `{field.name}` | {field.description} | {parameter.set_by} | {parameter.effect} |\n")
    return _HEAD + "".join(rows)
