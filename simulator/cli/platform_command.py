"""`best-fleet platform`: the embedded BEST platform as a process of its own, and a look into its ledger.

Turns a scenario and the command line into the platform's options; all serving is simulator.platform's.
"""

import argparse
import dataclasses
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.cli.errors import UsageError
from simulator.cli.platform_ports import check_ports, port, process_count
from simulator.cli.scenarios import identities_of, read_scenario
from simulator.closest import closest_words
from simulator.exit_codes import ExitCode
from simulator.fleet.platform_size import platform_processes
from simulator.scenario.shipped import scenario_file
from simulator.texts.translation import N_, _

if TYPE_CHECKING:
    from simulator.device.settings import Credentials
    from simulator.fleet.identities import IdentitySource
    from simulator.platform.settings import MqttSettings, PlatformSettings, PlatformTls, PushRule

DESCRIPTION = N_("""\
Serve the dispatch (HTTP) and the brokers (WebSocket and MQTT) of a BEST platform until Ctrl-C or SIGTERM. When it is
ready it prints one line of JSON with their addresses. It knows the devices of the scenario or of --identities.""")
EPILOG = N_("""\
examples:
  best-fleet platform --scenario smoke
  best-fleet platform --scenario smoke --port 8080 --broker-port 8081 --ledger platform.sqlite
  best-fleet platform --scenario smoke --tls-self-signed certificates
  best-fleet platform --scenario smoke --processes 4
  best-fleet platform inspect platform.sqlite       what the ledger holds of each device
  best-fleet platform --scenario smoke --wrong reply.code-short,command.mid-missing
""")
PASSES_OPTIONS_ON = False
LEDGER_NAME, TLS_NAME = "ledger.sqlite", "tls"
"""In the directory of `--state`; SQLite puts files of its own beside the ledger, whose names begin as its name."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare where it serves, for whom, and what it remembers."""
    parser.add_argument(
        "inspect", nargs="*", metavar="inspect FILE", help=_("print what the ledger FILE holds, and end")
    )
    parser.add_argument(
        "--scenario", type=scenario_file, metavar="FILE", help=_("whose devices it knows and what it sends them")
    )
    parser.add_argument(
        "--identities", type=Path, metavar="CSV", help=_("the devices it knows, instead of generated ones")
    )
    parser.add_argument("--seed", type=int, metavar="N", help=_("of what it makes up; the scenario's by default"))
    where = parser.add_argument_group(_("where it serves"))
    where.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help=_("bind to it (default: %(default)s)"))
    where.add_argument(
        "--public-host", metavar="NAME", help=_("name it in broker and photo URLs (default: as it was asked)")
    )
    where.add_argument("--port", type=port, default=0, metavar="N", help=_("of the dispatch (default: any free one)"))
    where.add_argument(
        "--broker-port", type=port, default=0, metavar="N", help=_("of the broker (default: any free one)")
    )
    where.add_argument(
        "--mqtt-port", type=port, default=0, metavar="N", help=_("of the broker for MQTT (default: any free one)")
    )
    where.add_argument(
        "--processes",
        type=process_count,
        metavar="N",
        help=_(
            "serve in N processes that share the devices (default: the scenario's); brokers then take the given port "
            "and the next ones"
        ),
    )
    where.add_argument("--ready-file", type=Path, metavar="FILE", help=_("write the ready line into it as well"))
    where.add_argument(
        "--account-file", type=Path, metavar="FILE", help=_("write what the ledger keeps into it when told to stop")
    )
    where.add_argument(
        "--stop-with-stdin", action="store_true", help=_("end when standard input does: with its parent")
    )
    where.add_argument(
        "--forget-with-stdin", action="store_true", help=_("as --stop-with-stdin, and remove the DIR of --state then")
    )
    tls = parser.add_argument_group(_("TLS (https and wss)"))
    tls.add_argument("--tls-cert", type=Path, metavar="PEM", help=_("the certificate to show"))
    tls.add_argument("--tls-key", type=Path, metavar="PEM", help=_("its key"))
    tls.add_argument(
        "--tls-client-ca", type=Path, metavar="PEM", help=_("devices must show a certificate signed by it")
    )
    tls.add_argument("--tls-self-signed", type=Path, metavar="DIR", help=_("make a certificate and its CA in DIR"))
    tls.add_argument(
        "--tls-algorithm",
        choices=("ecdsa", "rsa"),
        help=_("key of the certificate that is made (default: the scenario's, or ecdsa)"),
    )
    what = parser.add_argument_group(_("what it speaks and remembers"))
    what.add_argument("--channel", metavar="NAME", help=_("the channel suite, instead of the scenario's"))
    what.add_argument(
        "--ledger", type=Path, metavar="FILE", help=_("SQLite file that outlives it (default: in memory)")
    )
    what.add_argument(
        "--state",
        type=Path,
        metavar="DIR",
        help=_("be the platform that DIR knows: ledger, certificate and CA outlive it there, the CA's key too"),
    )
    what.add_argument(
        "--ledger-token-file",
        metavar="FILE",
        help=_("its text lets other machines look into the ledger at /ledger (default: this machine alone)"),
    )
    what.add_argument("--idle-timeout", type=float, metavar="SECONDS", help=_("close connections silent for so long"))
    what.add_argument(
        "--wrong",
        type=lambda text: tuple(name.strip() for name in text.split(",") if name.strip()),
        metavar="NAME[,NAME]",
        help=_("make these mistakes on purpose, instead of the scenario's"),
    )
    what.add_argument(
        "--push-all", action="store_true", help=_("send every command of the protocol to each device that comes online")
    )
    what.add_argument("--list-wrong", action="store_true", help=_("list the mistakes that it can make, and end"))
    what.add_argument("--verbose", action="store_true", help=_("one line a message on standard error, without secrets"))


def run(options: argparse.Namespace, rest: Sequence[str]) -> int:
    """Serve until stopped, or print a ledger.

    Raises:
        UsageError: For options that do not go together, a wrong scenario, or a file that is no ledger.
    """
    if options.inspect:
        return inspect_ledger(options.inspect)
    if options.list_wrong:
        print(listed_mistakes())
        return ExitCode.PASSED
    if options.scenario is None:
        raise UsageError(_("platform: --scenario is missing, for example: --scenario smoke"))
    token = ledger_token(options)
    state = state_directory(options)
    scenario = read_scenario(options.scenario, options.identities)

    from simulator.platform.options import PlatformOptions
    from simulator.platform.process import run as serve
    from simulator.platform.supervisor import run_several

    settings, channel = with_options(scenario.platform_settings(), options), scenario.document.channel
    mqtt = dataclasses.replace(
        with_password(settings.mqtt), channel_options=channel.suite_options(settings.mqtt.channel)
    )
    processes = platform_processes(scenario) if options.processes is None else options.processes
    if processes > 1:
        check_ports(options, processes, settings.mqtt.broker)
    platform = PlatformOptions(
        settings=dataclasses.replace(settings, channel_options=channel.suite_options(settings.channel), mqtt=mqtt),
        directory=KnownDevices(identities_of(scenario, options.identities)),
        host=options.host,
        dispatch_port=options.port,
        broker_port=options.broker_port,
        mqtt_port=options.mqtt_port,
        public_host=options.public_host,
        ledger=options.ledger or (state and state / LEDGER_NAME),
        ledger_token=token,
        ready_file=options.ready_file,
        account_file=options.account_file,
        seed=scenario.seed if options.seed is None else options.seed,
        tls_directory=options.tls_self_signed,
        tls_kept=state and state / TLS_NAME,
        idle_timeout=options.idle_timeout,
        gather=scenario.document.platform.gather,
        stop_with_stdin=options.stop_with_stdin or options.forget_with_stdin,
        left_behind=state if options.forget_with_stdin else None,
        verbose=options.verbose,
    )
    return serve(platform) if processes == 1 else run_several(platform, processes)


def state_directory(options: argparse.Namespace) -> Path | None:
    """The directory of `--state`, made for its owner alone if it was not there.

    Raises:
        UsageError: If it cannot be made, or is to be removed with what is no platform's.
    """
    state: Path | None = options.state
    if state is None:
        return None
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        names = sorted(os.listdir(state))
    except OSError as error:
        raise UsageError(f"platform: --state {state}: {error.strerror}") from None
    others = [name for name in names if name != TLS_NAME and not name.startswith(LEDGER_NAME)]
    if options.forget_with_stdin and others:
        raise UsageError(
            _(
                "platform: --forget-with-stdin would remove {state} with the DIR of --state, and that is no "
                "platform's: name a directory that holds nothing else",
                state=state / others[0],
            )
        )
    return state


def ledger_token(options: argparse.Namespace) -> str | None:
    """What somebody on another machine has to present to look into the ledger; None where nobody may.

    Raises:
        UsageError: For a token that cannot be used.
    """
    from simulator.swarm.security.secret_source import SecretError, read_secret

    try:
        return read_secret(os.environ, "BEST_FLEET_LEDGER_TOKEN", "--ledger-token-file", options.ledger_token_file)
    except SecretError as error:
        raise UsageError(f"platform: {error}") from None


def with_password(mqtt: "MqttSettings") -> "MqttSettings":
    """The settings with the password of the platform's own login at a broker that runs already.

    Raises:
        UsageError: For a password that cannot be used.
    """
    from simulator.swarm.security.secret_source import SecretError, read_secret

    if mqtt.broker is None or mqtt.username is None:
        return mqtt
    file = None if mqtt.password_file is None else str(mqtt.password_file)
    try:
        password = read_secret(os.environ, "BEST_FLEET_BROKER_PASSWORD", "platform.mqtt.password_file", file)
    except SecretError as error:
        raise UsageError(f"platform: {error}") from None
    return dataclasses.replace(mqtt, password=password)


class KnownDevices:
    """The platform's directory of devices: those of the scenario, made or looked up when they are asked for."""

    def __init__(self, source: "IdentitySource") -> None:
        self._source = source

    def lookup(self, sn: str) -> "Credentials | None":
        """The identity of a serial number; None for one that the scenario does not have."""
        return self._source.find(sn)


def with_options(settings: "PlatformSettings", options: argparse.Namespace) -> "PlatformSettings":
    """The scenario's settings with what the command line says laid over them.

    Raises:
        UsageError: For an unknown channel suite or TLS options that do not go together.
    """
    tls = tls_settings(options)
    if tls is not None:
        certificates = settings.tls is not None and settings.tls.device_certificates
        if certificates and tls.client_ca is not None:
            raise UsageError(_("platform: --tls-client-ca does not go with the scenario's tls.device_certificates"))
        algorithm = "ecdsa" if settings.tls is None else settings.tls.algorithm
        tls = dataclasses.replace(tls, device_certificates=certificates, algorithm=algorithm)
        settings = dataclasses.replace(settings, tls=tls)
    if options.tls_algorithm is not None:
        if settings.tls is None or settings.tls.certificate is not None:
            raise UsageError(
                _(
                    "platform: --tls-algorithm is for a certificate that the platform makes: --tls-self-signed, or "
                    "tls without a certificate in the scenario"
                )
            )
        settings = dataclasses.replace(settings, tls=dataclasses.replace(settings.tls, algorithm=options.tls_algorithm))
    if options.channel is not None:
        from simulator.protocol.channel.registry import BrokenSuite, UnknownSuite, channel_suite

        try:
            channel_suite(options.channel)
        except (UnknownSuite, BrokenSuite) as error:
            raise UsageError(f"platform: --channel: {error}") from None
        mqtt = dataclasses.replace(settings.mqtt, channel=options.channel)
        settings = dataclasses.replace(settings, channel=options.channel, mqtt=mqtt)
    if options.wrong is not None:
        settings = dataclasses.replace(settings, wrong=known_mistakes(options.wrong))
    if options.push_all:
        settings = dataclasses.replace(settings, pushes=(*settings.pushes, *pushes_besides(settings)))
    return settings


def pushes_besides(settings: "PlatformSettings") -> "Iterator[PushRule]":
    """A push of each command to each device when it comes online, but for what `settings` push so themselves."""
    from simulator.platform.settings import PushMoment
    from simulator.protocol.catalogue import COMMAND_FUNC_IDS
    from simulator.scenario.sections.platform import PushSection

    pushed = {rule.command for rule in settings.pushes if rule.moment is PushMoment.ONLINE and rule.share >= 1}
    return (PushSection(command=name).rule() for name in COMMAND_FUNC_IDS if name not in pushed)


def known_mistakes(names: Sequence[str]) -> tuple[str, ...]:
    """The names of mistakes as they were given, each once.

    Raises:
        UsageError: For a name that there is not.
    """
    from simulator.platform.wrong.modes import MODES

    for name in names:
        if name not in MODES:
            near = closest_words(name, MODES, most=3)
            hint = _("; did you mean {near}?", near=" or ".join(near)) if near else ""
            raise UsageError(
                _(
                    "platform: --wrong: there is no mistake {name!r}{hint} --list-wrong lists them all",
                    name=name,
                    hint=hint,
                )
            )
    return tuple(dict.fromkeys(names))


def listed_mistakes() -> str:
    """Every mistake with its sentence, a line each."""
    from simulator.platform.wrong.modes import MODES

    width = max(map(len, MODES))
    return "\n".join(f"{name:<{width}}  {mode.text}" for name, mode in MODES.items())


def tls_settings(options: argparse.Namespace) -> "PlatformTls | None":
    """The TLS that the command line asks for; None leaves it to the scenario.

    Raises:
        UsageError: For options that do not go together.
    """
    from simulator.platform.settings import PlatformTls

    if (options.tls_cert is None) != (options.tls_key is None):
        raise UsageError(_("platform: --tls-cert and --tls-key go together"))
    if options.tls_cert is not None and options.tls_self_signed is not None:
        raise UsageError(_("platform: either --tls-cert and --tls-key, or --tls-self-signed"))
    for path in (options.tls_cert, options.tls_key, options.tls_client_ca):
        if path is not None and not path.is_file():
            raise UsageError(_("platform: there is no file {path}", path=path))
    if options.tls_cert is None and options.tls_self_signed is None:
        if options.tls_client_ca is not None:
            raise UsageError(
                _("platform: --tls-client-ca needs a certificate: --tls-cert and --tls-key, or --tls-self-signed")
            )
        return None
    return PlatformTls(
        certificate=options.tls_cert,
        key=options.tls_key,
        client_ca=options.tls_client_ca,
        device_certificates=False,
        algorithm="ecdsa",
    )


def inspect_ledger(words: Sequence[str]) -> int:
    """Print what a ledger file holds of each device.

    Raises:
        UsageError: When the words are not `inspect FILE`, or the file is no ledger.
    """
    if len(words) != 2 or words[0] != "inspect":
        raise UsageError(_("platform: it is `best-fleet platform inspect FILE`, or options alone"))

    from simulator.platform.ledger.errors import LedgerError
    from simulator.platform.ledger.inspection import inspect

    try:
        print(inspect(Path(words[1])))
    except LedgerError as error:
        raise UsageError(f"platform inspect: {error}") from None
    return ExitCode.PASSED
