"""A scenario: read, validated, and turned into what devices, the embedded platform and Locust's ramp need.

The format itself is declared in `sections`; this is what the rest of the program works with.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path

from simulator.device.settings import DeviceSettings
from simulator.platform.settings import BrokerTrust, MqttSettings, PlatformSettings, PlatformTls
from simulator.scenario import attendance_rules, fault_rules, mqtt_rules, tls_rules
from simulator.scenario.checks import CheckThreshold, check, merged_groups, run_seconds
from simulator.scenario.problems import Problem, ScenarioError, dotted
from simulator.scenario.ramp import DEFAULT_RATE, RampPlan, RampStep
from simulator.scenario.sections.document import ScenarioDocument
from simulator.scenario.sections.group import GroupSection
from simulator.scenario.sections.reading import platform_reading
from simulator.scenario.shipped import meant, shown
from simulator.scenario.validation import touches, validate
from simulator.scenario.yaml_source import MAX_BYTES, read_yaml
from simulator.shown import label
from simulator.texts.translation import _
from simulator.weather.schedule import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """How devices trust an https/wss platform; `None` is the system's CAs and no client certificate."""

    ca: Path | None
    client_cert: Path | None
    client_key: Path | None
    verify: bool


SYSTEM_TRUST = TlsFiles(ca=None, client_cert=None, client_key=None, verify=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One valid scenario. `document` is the file as written, the rest what follows from it."""

    name: str
    file: str
    text: str = field(repr=False)
    directory: Path
    """What relative file names in the scenario start from."""
    document: ScenarioDocument = field(repr=False)
    groups: tuple[GroupSection, ...] = field(repr=False)
    """The groups with `defaults` laid under them."""

    @property
    def seed(self) -> int:
        return self.document.seed

    @property
    def duration(self) -> float:
        """Seconds of the run, ramp included."""
        return run_seconds(self.document)

    @property
    def devices(self) -> int:
        """How many devices all groups have."""
        return sum(group.count for group in self.groups)

    @property
    def targets(self) -> tuple[str, ...]:
        """Dispatch URLs; none where the embedded platform is meant."""
        return self.document.target

    @property
    def embedded(self) -> bool:
        """Whether the scenario means the embedded platform."""
        return not self.document.target

    @property
    def thresholds(self) -> tuple[str, ...]:
        return tuple(self.document.thresholds)

    @property
    def state_file(self) -> Path | None:
        return self._path(self.document.state_file)

    @property
    def identities_file(self) -> Path | None:
        return self._path(self.document.identities.csv)

    @property
    def tls(self) -> TlsFiles:
        tls = self.document.tls
        return TlsFiles(
            ca=self._path(tls.ca),
            client_cert=self._path(tls.client_cert),
            client_key=self._path(tls.client_key),
            verify=tls.verify,
        )

    def group_settings(self) -> tuple[DeviceSettings, ...]:
        """What the devices of each group share, in the order of `groups`."""
        unknown = frozenset(push.command for push in self.document.platform.pushes if push.unknown)
        settings = (group.settings() for group in self.groups)
        return tuple(replace(each, refused_commands=each.refused_commands | unknown) for each in settings)

    def platform_settings(self) -> PlatformSettings:
        """What the embedded platform does."""
        platform = self.document.platform
        tls = platform.tls
        files = None
        if tls is not None:
            files = PlatformTls(
                certificate=self._path(tls.certificate),
                key=self._path(tls.key),
                client_ca=self._path(tls.client_ca),
                device_certificates=tls.device_certificates,
                algorithm=tls.algorithm,
            )
        own = frozenset(meeting.id for group in self.groups for meeting in group.meetings)
        reading = platform_reading(self.document, self.document.report, own)
        channel = self.document.channel
        return platform.settings(channel.suite, files, reading, self._mqtt_settings(), channel.suite_options())

    def _mqtt_settings(self) -> MqttSettings:
        """How the embedded platform serves devices over MQTT: by what the top level and the groups say."""
        section, channel = self.document.platform.mqtt, self.document.channel
        suite = channel.suite_over(mqtt=True)
        return MqttSettings(
            profiles=self.document.mqtt.profiles(),
            of_groups=tuple(dict.fromkeys(profile for group in self.groups if (profile := group.profile()))),
            company_id=section.company_id,
            site_id=section.site_id,
            channel=suite,
            channel_options=channel.suite_options(suite),
            broker=section.broker,
            client_id=section.client_id,
            username=section.username,
            password_file=self._path(section.password_file),
            trust=BrokerTrust(
                ca=self._path(section.tls.ca),
                client_cert=self._path(section.tls.client_cert),
                client_key=self._path(section.tls.client_key),
                verify=section.tls.verify,
            ),
        )

    def ramp_plan(self, total: int | None = None) -> RampPlan:
        """How devices start and stop, for a fleet of `total` devices (the scenario's own number by default).

        Without a ramp they start at 20/s, or as fast as it takes to have all of them within a third of the run.
        """
        total = self.devices if total is None else total
        ramp = self.document.ramp
        down = ramp.down or 0.0
        if ramp.steps is None:
            rate = ramp.rate or max(DEFAULT_RATE, total / (self.duration / 3))
            return RampPlan.even(total, rate, self.duration, down)
        steps = [RampStep(devices=step.devices, over=step.over, hold=step.hold) for step in ramp.steps]
        return RampPlan.stepped(self.devices, steps, down, self.document.duration).scaled(total)

    def fault_entries(self) -> tuple[Entry, ...]:
        """What goes wrong in a run, entry by entry; `weather.schedule` draws from them when and for whom."""
        numbers = {group.name: number for number, group in enumerate(self.groups)}
        return tuple(fault.entry(numbers) for fault in self.document.faults)

    def notes(self) -> list[str]:
        """What may not have been meant, for people to know."""
        return [
            *attendance_rules.notes(self.document, self.groups, self.duration),
            *mqtt_rules.notes(self.groups, self.thresholds),
            *tls_rules.notes(self.document),
            *fault_rules.notes(self.document, self.groups, self.duration),
        ]

    def assumed(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The MQTT profiles by which groups with devices go, and the keys of each whose values are our assumption."""
        return mqtt_rules.assumed([group for group in self.groups if group.count])

    def _path(self, name: str | None) -> Path | None:
        return None if name is None else self.directory / name


def load_scenario(
    path: str | Path,
    check_threshold: CheckThreshold | None = None,
    *,
    identities_given: bool = False,
    csv_needed: bool = True,
    plan_judged: bool = False,
) -> Scenario:
    """The scenario of a file.

    Args:
        check_threshold: says what is wrong with a threshold's text, or None; without it they are not looked at.
        identities_given: the command line names the devices; the scenario's own CSV file need not exist.
        csv_needed: False where the scenario's own CSV file may still have to be written.
        plan_judged: as of `check`.

    Raises:
        ScenarioError: If anything is wrong, the file itself included; holds all of it.
    """
    path = Path(path)
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        missing = Problem(file=str(path), message="there is no such file", suggestion=meant(path))
        raise ScenarioError([missing]) from None
    except OSError as error:
        raise ScenarioError(
            [Problem(file=str(path), message=_("cannot be read: {strerror}", strerror=error.strerror))]
        ) from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ScenarioError([Problem(file=str(path), line=line, message=_("is not UTF-8 text: save it so"))]) from None
    return parse_scenario(
        text,
        shown(path),
        directory=path.parent,
        check_threshold=check_threshold,
        identities_given=identities_given,
        csv_needed=csv_needed,
        plan_judged=plan_judged,
    )


def parse_scenario(
    text: str,
    file: str = "scenario.yaml",
    *,
    directory: Path | None = None,
    check_threshold: CheckThreshold | None = None,
    identities_given: bool = False,
    csv_needed: bool = True,
    plan_judged: bool = False,
) -> Scenario:
    """The scenario of a text, as a worker gets it from its master.

    Args:
        file: what problems are shown under.
        directory: what relative file names start from; `None` does not look whether files exist (they may be on
            another machine) and takes them from the current directory.

    Raises:
        ScenarioError: If anything is wrong; holds all of it.
    """
    source = read_yaml(text, file)
    document, problems, broken = validate(source)
    if document is not None:
        seen: set[tuple[object, str]] = set()
        found = check(
            document,
            directory,
            check_threshold,
            identities_given=identities_given,
            csv_needed=csv_needed,
            plan_judged=plan_judged,
        )
        for finding in found:
            if (
                any(touches(path, broken) for path in (finding.path, *finding.rests_on))
                or (finding.path, finding.message) in seen
            ):
                continue
            seen.add((finding.path, finding.message))
            problems.append(
                Problem(
                    file=file,
                    line=source.line(finding.path),
                    field=dotted(finding.path),
                    message=finding.message,
                    suggestion=finding.suggestion,
                )
            )
    if problems or document is None:
        raise ScenarioError(problems)
    return Scenario(
        name=document.name or label(Path(file).stem),
        file=file,
        text=text,
        directory=directory or Path(),
        document=document,
        groups=merged_groups(document),
    )
