"""What a process is told of a run: enough to make the same fleet plan as every other process.

On one machine it is made from the command line. In a distributed run the master sends it to its workers, who need no
file of their own: the scenario's text and the files that it names travel along. Identities and logins of a file do not:
the master tells each worker those of the devices that it gets, with their indexes.
"""

import atexit
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from simulator import __version__
from simulator.device.settings import Start
from simulator.fields.targets import EMBEDDED
from simulator.fleet.closing import closing_s
from simulator.fleet.identities import IdentitySource, generated_identities, identities_of
from simulator.fleet.plan import FleetPlan
from simulator.fleet.travelled import Travelled
from simulator.fleet.warm_state import Login, WarmState
from simulator.scenario.scenario import Scenario, TlsFiles, parse_scenario
from simulator.shown import label
from simulator.swarm.off_the_hub import off_the_hub
from simulator.texts.translation import _

TLS_NAMES = {"ca": "tls-ca.pem", "client_cert": "tls-client-cert.pem", "client_key": "tls-client-key.pem"}
"""What a worker calls the files of `tls`, wherever they are on the master's machine."""
PRIVATE = 0o600


class OtherVersionError(Exception):
    """Master and worker are of different versions; the text is meant for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOrder:
    """One run, as every process of the swarm knows it. `repr` shows no secret."""

    run_id: str
    scenario_file: str
    """As it was given on the command line; problems are shown under this name."""
    scenario_text: str = field(repr=False)
    total: int
    dispatch_urls: tuple[str, ...]
    share: int
    """About how many of them a process will have."""
    drain_s: float
    """How long the devices may take to deliver their records at the end."""
    embedded: bool = False
    """The dispatch URL is the embedded platform's."""
    root_ca: str | None = field(default=None, repr=False)
    """PEM of the embedded platform's own root, where it made one."""
    listed: bool = False
    """The identities come from a file."""
    identities: IdentitySource | None = field(default=None, repr=False)
    """Those of the file, in the process that has read it."""
    logins: Mapping[str, tuple[str, str]] = field(default_factory=dict, repr=False)
    """authCode and secret of earlier runs by serial number, for devices that start warm; there as well."""
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """Content of the files that devices need, by their name in a worker's folder."""
    begun: float | None = None
    """When the run began, by the master's wall clock (epoch seconds); the schedule of faults counts from then."""
    length: float | None = None
    """Seconds for which there are faults; as long as the scenario where None."""

    @property
    def closing_s(self) -> float:
        """How long the whole fleet's connections may take to close after that."""
        return closing_s(self.total)

    @property
    def platform(self) -> str:
        """The platform's name in the state file."""
        return _name_of(self.embedded, self.dispatch_urls)

    def to_wire(self) -> dict[str, Any]:
        """Plain values for a message to the workers: of the devices' secrets none."""
        return {
            "version": __version__,
            "run_id": self.run_id,
            "scenario_file": self.scenario_file,
            "scenario_text": self.scenario_text,
            "total": self.total,
            "share": self.share,
            "dispatch_urls": list(self.dispatch_urls),
            "drain_s": self.drain_s,
            "embedded": self.embedded,
            "root_ca": self.root_ca,
            "listed": self.listed,
            "files": dict(self.files),
            "begun": self.begun,
            "length": self.length,
        }

    @classmethod
    def from_wire(cls, data: Mapping[str, Any]) -> "RunOrder":
        """What `to_wire` made of an order.

        Raises:
            OtherVersionError: If another version of this program made it: what its workers tell might be misread.
            LookupError, TypeError, ValueError, AttributeError: If it is none.
        """
        values = dict(data)
        if (version := values.pop("version")) != __version__:
            raise OtherVersionError(
                _(
                    "the master is best-fleet {theirs} and this worker {ours}: install one version on all machines",
                    theirs=label(str(version)),
                    ours=__version__,
                )
            )
        return cls(**{**values, "dispatch_urls": tuple(values["dispatch_urls"])})


def drain_seconds(scenario: Scenario, stop_timeout: float = 0.0) -> float:
    """How long the end of a run may take: Locust's `--stop-timeout` where given, else what the scenario says."""
    if stop_timeout > 0:
        return stop_timeout
    return max((settings.drain for settings in scenario.group_settings()), default=0.0)


def make_order(
    scenario: Scenario,
    *,
    run_id: str,
    total: int,
    dispatch_urls: Sequence[str],
    processes: int = 1,
    embedded: bool = False,
    stop_timeout: float = 0.0,
    root_ca: str | None = None,
    identities_file: Path | None = None,
    travels: bool = False,
) -> RunOrder:
    """The order for a run of `scenario`; files of a quarter of a million lines are read beside what else goes on.

    Args:
        travels: other machines will read it, so files go along.

    Raises:
        ScenarioError: If the identities are wrong or too few.
        WarmStateError: If the file with earlier runs' logins cannot be used.
        OSError: If a file that must travel cannot be read.
    """
    identities = off_the_hub(partial(identities_of, scenario, identities_file))
    identities.require(total)
    listed = identities.available is not None
    logins: dict[str, tuple[str, str]] = {}
    state_file, platform = scenario.state_file, _name_of(embedded, dispatch_urls)
    if state_file is not None and state_file.exists():
        plan = off_the_hub(partial(FleetPlan, scenario, total, identities, dispatch_urls))
        logins = off_the_hub(partial(_load_logins, state_file, plan, platform))
    return RunOrder(
        run_id=run_id,
        scenario_file=scenario.file,
        scenario_text=scenario.text,
        total=total,
        share=-(-total // max(1, processes)),
        dispatch_urls=tuple(dispatch_urls),
        drain_s=drain_seconds(scenario, stop_timeout),
        embedded=embedded,
        root_ca=root_ca,
        listed=listed,
        identities=identities if listed else None,
        logins=logins,
        files=_named_files(scenario) if travels else {},
    )


def scenario_of(order: RunOrder) -> Scenario:
    """The order's scenario, for a process that has no file of it.

    The master has checked it. What the master alone needs, as its state file, the platform's certificate or the file of
    the command line's identities, is not here and not looked for.

    Raises:
        ScenarioError: If the text is wrong.
    """
    scenario = parse_scenario(order.scenario_text, order.scenario_file, identities_given=True)
    here = {field: name for field, name in TLS_NAMES.items() if name in order.files}
    document = scenario.document
    document = document.model_copy(update={"tls": document.tls.model_copy(update=here)})
    return replace(scenario, directory=_unpack(order.files), document=document)


def plan_of(order: RunOrder, scenario: Scenario, travelled: Travelled | None = None) -> FleetPlan:
    """The fleet plan of an order, the same in every process.

    Args:
        travelled: what a worker knows of its devices, then and later; None in the process that made the order.
    """
    if travelled is not None:
        identities = travelled.identities or generated_identities(scenario)
        return FleetPlan(scenario, order.total, identities, order.dispatch_urls, travelled.logins)
    logins = {sn: Login(auth_code, secret) for sn, (auth_code, secret) in order.logins.items()}
    return FleetPlan(scenario, order.total, identities_in(order, scenario), order.dispatch_urls, logins)


def identities_in(order: RunOrder, scenario: Scenario) -> IdentitySource:
    """The identities of an order's fleet, in the process that made it."""
    return generated_identities(scenario) if order.identities is None else order.identities


def _name_of(embedded: bool, dispatch_urls: Sequence[str]) -> str:
    # The embedded platform has another address every time.
    return EMBEDDED if embedded else dispatch_urls[0]


def _load_logins(state_file: Path, plan: FleetPlan, platform: str) -> dict[str, tuple[str, str]]:
    warm = [index for index in range(plan.total) if plan.settings[plan.group(index)].start is Start.WARM]
    with WarmState(state_file) as state:
        logins = state.load_many(platform, [plan.sn(index) for index in warm])
    return {sn: (login.auth_code, login.secret) for sn, login in logins.items()}


def tls_of(order: RunOrder, scenario: Scenario) -> TlsFiles | None:
    """The TLS files to use instead of the scenario's: an embedded platform's own root; None where there is none."""
    if order.root_ca is None:
        return None
    path = _directory() / "root.pem"
    path.write_text(order.root_ca, encoding="ascii")
    given = scenario.tls
    return TlsFiles(ca=path, client_cert=given.client_cert, client_key=given.client_key, verify=given.verify)


def _named_files(scenario: Scenario) -> dict[str, bytes]:
    paths = {field: getattr(scenario.tls, field) for field in TLS_NAMES}
    return {TLS_NAMES[field]: path.read_bytes() for field, path in paths.items() if path is not None}


def _unpack(files: Mapping[str, bytes]) -> Path:
    """Put travelled files where only we can read them."""
    directory = _directory()
    for name, content in files.items():
        path = (directory / name).resolve()
        if not path.is_relative_to(directory.resolve()):
            raise ValueError(f"the master sent a file outside the scenario's directory: {name!r}")
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, PRIVATE)
        with open(descriptor, "wb") as stream:
            stream.write(content)
    return directory


def _directory() -> Path:
    """A new directory that only we can read; it goes with this process, for there may be private keys in it."""
    directory = Path(tempfile.mkdtemp(prefix="best-fleet-"))
    atexit.register(_remove, directory, os.getpid())
    return directory


def _remove(directory: Path, owner: int) -> None:
    # A forked worker inherits what its parent registered.
    if os.getpid() == owner:
        shutil.rmtree(directory, ignore_errors=True)
