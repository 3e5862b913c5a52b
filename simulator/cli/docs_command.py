"""`best-fleet docs`: the documents that are generated from declarations, written into a checkout of this project."""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from simulator.cli.errors import UsageError
from simulator.exit_codes import ExitCode
from simulator.texts.language import CHINESE, speaking
from simulator.texts.translation import N_, _

DESCRIPTION = N_("""\
Write the documents anew that are generated from the code: the protocol's reference from the catalogue, what a run
measures from its list of names, the figures that other monitoring can have, the rules by which platforms are judged
from theirs, the scenario format and its JSON Schema from the scenario's model, the page of thresholds from the table
of measures, the mistakes of a wrong platform from their table, the ways in which devices misbehave, the MQTT profiles,
what each parameter of a device's report decides. For developers of this project; a test finds outdated ones.""")
EPILOG = N_("""\
example:
  best-fleet docs          in the checkout's directory; the same as make docs
""")
PASSES_OPTIONS_ON = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare where the checkout is."""
    parser.add_argument(
        "--checkout", type=Path, default=Path(), metavar="DIR", help=_("default: the current directory")
    )


def run(options: argparse.Namespace, rest: Sequence[str]) -> int:
    """Write all documents and say which of them changed.

    Raises:
        UsageError: If the directory is no checkout of this project.
    """
    checkout: Path = options.checkout
    if not (checkout / "simulator" / "cli").is_dir():
        raise UsageError(_("docs: {directory} is no checkout of this project", directory=checkout.resolve()))
    for name, produce in DOCUMENTS.items():
        path = checkout / name
        text = produce()
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(f"{name} written")
    return ExitCode.PASSED


def protocol_page() -> str:
    """Every funcId with its fields, from the catalogue."""
    from simulator.protocol.reference import reference_page

    return reference_page()


def measurements_page() -> str:
    """Every name under which a run is measured."""
    from simulator.measurements.reference import measurements_page

    return measurements_page()


def violations_page() -> str:
    """Every rule by which a platform is judged."""
    from simulator.measurements.violations_page import violations_page

    return violations_page()


def metrics_series_page() -> str:
    """Every figure that other monitoring can have of a run, from their declarations."""
    from simulator.swarm.metrics.page import metrics_series_page

    return metrics_series_page()


def thresholds_page() -> str:
    """How thresholds are written and what they can speak of, from the table of measures."""
    from reports import thresholds_page

    return thresholds_page.thresholds_page()


def conformance_page() -> str:
    """Every case of `best-fleet conform`, from their declarations."""
    from simulator.conform.reference import conformance_page

    return conformance_page()


def scenario_page() -> str:
    """Every key of the scenario format, from its model."""
    from simulator.scenario.reference import scenario_markdown

    return scenario_markdown()


def chinese_scenario_page() -> str:
    """The same in Chinese."""
    with speaking(CHINESE):
        return scenario_page()


def wrong_platform_page() -> str:
    """Every mistake that the embedded platform can make on purpose, from their table."""
    from simulator.platform.wrong.reference import wrong_platform_page

    return wrong_platform_page()


def device_parameters_page() -> str:
    """Every parameter of `dev.report`: what sets it, and what it decides."""
    from simulator.device.parameters_page import parameters_page

    return parameters_page()


def misbehaviour_page() -> str:
    """Every way in which devices misbehave on purpose, and what a platform must do then."""
    from simulator.device.misbehaviour.page import misbehaviour_page

    return misbehaviour_page()


def mqtt_page() -> str:
    """The shipped MQTT profiles, what is assumed of them, and what differs over MQTT."""
    from simulator.pubsub.reference import mqtt_page

    return mqtt_page()


def scenario_schema_file() -> str:
    """The scenario format's JSON Schema."""
    from simulator.scenario.reference import scenario_schema

    return json.dumps(scenario_schema(), indent=2) + "\n"


DOCUMENTS: Mapping[str, Callable[[], str]] = MappingProxyType(
    {
        "docs/conformance.md": conformance_page,
        "docs/protocol.md": protocol_page,
        "docs/measurements.md": measurements_page,
        "docs/metrics-series.md": metrics_series_page,
        "docs/violations.md": violations_page,
        "docs/scenario.md": scenario_page,
        "docs/zh/scenario.md": chinese_scenario_page,
        "docs/misbehaviour.md": misbehaviour_page,
        "docs/mqtt.md": mqtt_page,
        "docs/device-parameters.md": device_parameters_page,
        "docs/thresholds.md": thresholds_page,
        "docs/wrong-platform.md": wrong_platform_page,
        "scenarios/scenario.schema.json": scenario_schema_file,
    }
)
"""Each generated document's path in the checkout -> what makes its text."""
