"""A platform made of its options: all parts, each with what it needs of the others."""

import asyncio
import dataclasses
import secrets
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from simulator.clock import Clock, TimerQueue
from simulator.garbage import GarbagePolicy
from simulator.mqtt.broker import Broker as TopicBroker
from simulator.platform.addresses import Addresses
from simulator.platform.answers import AnswerPolicy
from simulator.platform.authority import Authority
from simulator.platform.broker import Broker
from simulator.platform.device_certificates import DeviceCertificates
from simulator.platform.dispatch import Dispatch
from simulator.platform.inspection_guard import InspectionGuard
from simulator.platform.ledger.commands import CommandTable
from simulator.platform.ledger.devices import DeviceTable
from simulator.platform.ledger.errors import DAMAGE, LedgerError
from simulator.platform.ledger.file import Database
from simulator.platform.ledger.transactions import Ledger
from simulator.platform.mqtt.clients import Proves, names_it
from simulator.platform.mqtt.side import MqttSide
from simulator.platform.notices import Log, Notices
from simulator.platform.options import PlatformOptions
from simulator.platform.pushes import Pushes
from simulator.platform.reading import Demands
from simulator.platform.server import Platform, PlatformParts, ServerTls, internal_fault
from simulator.platform.services import Services
from simulator.platform.settings import PlatformTls
from simulator.platform.tally import Tally
from simulator.platform.wrong.authority import WrongAuthority
from simulator.platform.wrong.broker import WrongBroker
from simulator.platform.wrong.certificate_modes import ACCEPTS_NONE
from simulator.platform.wrong.dispatch import WrongDispatch
from simulator.platform.wrong.mistakes import Mistakes
from simulator.platform.wrong.mode import carrier_rules
from simulator.platform.wrong.mqtt import WrongTopicBroker, proves_wrongly
from simulator.protocol.channel.context import UNKNOWN_PLATFORM
from simulator.protocol.channel.keys import generate_key
from simulator.protocol.channel.registry import channel_suite
from simulator.wire.authority import ServerFiles
from simulator.wire.tls import Algorithm, algorithm_of, demand_certificates, self_signed, server_context

CA_NAME = "ca-key.pem"
"""Holds the key of the devices' CA, where it is kept."""


class _OneKey:
    """One key pair for all connections, made when it is first asked for.

    The factors, and so the session keys, are each connection's own.
    """

    def __init__(self) -> None:
        self._key: RSAPrivateKey | None = None

    def take(self) -> RSAPrivateKey:
        """The key pair."""
        if self._key is None:
            self._key = generate_key()
        return self._key


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """What a platform stands on: time, event loop, log, disk and chance."""

    clock: Clock
    loop: asyncio.AbstractEventLoop
    log: Log
    database: Database | None = None
    """Of the ledger, with all its tables; None for the options' file."""
    tokens: Callable[[int], str] = secrets.token_hex
    """Makes an `authCode` or a `secret` of so many random bytes, as text."""


class Assembly(NamedTuple):
    """A platform without ports."""

    services: Services
    options: PlatformOptions
    """With what mistakes on purpose add to them."""
    parts: PlatformParts
    addresses: Addresses
    tls: ServerTls | None


def assembled(
    options: PlatformOptions, *, clock: Clock, log: Log, garbage: GarbagePolicy | None, resources: ExitStack
) -> Platform:
    """A platform on the running loop; no port is open yet.

    Args:
        garbage: Where the process is the platform's own: told of new connections.
        resources: Closes what the parts hold open.

    Raises:
        LedgerError, TlsFileError, UnknownSuite, BrokenSuite, UnseenMistake: As `assembly_of`.
    """
    whole = assembly_of(options, Host(clock=clock, loop=asyncio.get_running_loop(), log=log), resources)
    return Platform(whole.services, whole.options, whole.parts, whole.addresses, whole.tls, garbage)


def assembly_of(options: PlatformOptions, host: Host, resources: ExitStack) -> Assembly:
    """All parts of a platform, each with what it needs of the others.

    Args:
        resources: Closes what the parts hold open.

    Raises:
        LedgerError: If the ledger cannot be used.
        TlsFileError: If a certificate or key cannot be used.
        UnknownSuite: If there is no such channel suite.
        BrokenSuite: If the channel suite cannot be loaded.
        UnseenMistake: If a mistake was asked for that the channel suite does not show.
    """
    log = host.log
    mistakes = Mistakes(options.settings.wrong) if options.settings.wrong else None
    if mistakes is not None:
        mistakes.check(options.settings.channel, options.settings.mqtt.channel, issues=_issues(options.settings.tls))
        log(f"platform: wrong on purpose: {', '.join(mode.name for mode in mistakes.modes)}")
        options = _with_carriers(options, mistakes)
    settings = options.settings
    suite = channel_suite(settings.channel, settings.channel_options)
    topic_suite = channel_suite(settings.mqtt.channel, settings.mqtt.channel_options)
    addresses = Addresses(options.host, options.public_host, settings.tls is not None, mqtt_url=settings.mqtt.broker)
    services = _services(options, host, resources, mistakes)
    keys = _OneKey()
    # Made now, where the suite uses one at all: the first device must not wait for it.
    for each in (suite, topic_suite):
        each.platform_side(keys, UNKNOWN_PLATFORM)
    try:
        pushes = Pushes(services, addresses.photo)
    except DAMAGE as error:
        raise LedgerError(f"{options.ledger}: it cannot be read as a whole, perhaps it is damaged ({error})") from None
    guard = InspectionGuard(options.ledger_token)
    kept = None if options.tls_kept is None else options.tls_kept / CA_NAME
    certificates = DeviceCertificates(host.clock, kept) if _issues(settings.tls) else None
    if mistakes is None:
        topic_broker: Callable[..., TopicBroker] = TopicBroker
        proves: Proves = names_it
        broker = Broker(services, pushes, suite, topic_suite, keys)
        dispatch = Dispatch(services, addresses, broker.online, guard, certificates)
    else:
        topic_broker = partial(WrongTopicBroker, mistakes=mistakes)
        proves = partial(proves_wrongly, mistakes)
        broker = WrongBroker(services, pushes, suite, topic_suite, keys, mistakes)
        dispatch = WrongDispatch(services, addresses, broker.online, guard, mistakes, certificates)
    tls = None if settings.tls is None else _tls(settings.tls, options, resources, certificates, mistakes)
    if tls is not None:
        addresses.root_ca = tls.root
    side = MqttSide(services, broker, partial(internal_fault, log), topic_broker, proves=proves)
    parts = PlatformParts(broker, side, pushes, dispatch)
    return Assembly(services, options, parts, addresses, tls)


def _issues(tls: PlatformTls | None) -> bool:
    return tls is not None and tls.device_certificates


def _with_carriers(options: PlatformOptions, mistakes: Mistakes) -> PlatformOptions:
    """The options with the pushes that mistakes in commands are made in."""
    pushes = (*options.settings.pushes, *carrier_rules(mistakes.modes))
    return dataclasses.replace(options, settings=dataclasses.replace(options.settings, pushes=pushes))


def _services(options: PlatformOptions, host: Host, resources: ExitStack, mistakes: Mistakes | None) -> Services:
    loop, clock, log = host.loop, host.clock, host.log
    ledger = Ledger(options.ledger, loop.call_soon, loop.call_later, database=host.database, now=host.clock.monotonic)
    resources.callback(ledger.close)
    devices = DeviceTable(ledger)
    tally = Tally(ledger)
    notices = Notices(tally, clock, log)
    ledger.on_fault = notices.ledger_fault
    return Services(
        settings=options.settings,
        seed=options.seed,
        clock=clock,
        timers=TimerQueue(clock),
        loop=loop,
        ledger=ledger,
        devices=devices,
        tally=tally,
        authority=Authority(
            options.directory, devices, clock, options.settings.reading.login_refusal, tokens=host.tokens
        )
        if mistakes is None
        else WrongAuthority(options.directory, devices, clock, options.settings.reading.login_refusal, mistakes),
        demands=Demands(options.settings.reading, CommandTable(ledger).told),
        answers=AnswerPolicy(options.settings.answers, Random(f"{options.seed}/answers")),
        notices=notices,
        log=log,
        verbose=options.verbose,
    )


def made_files(options: PlatformOptions, resources: ExitStack, certificates: DeviceCertificates | None) -> ServerFiles:
    """The certificate that the platform makes itself, its key, and the CA's certificate.

    Raises:
        TlsFileError: If they cannot be written.
    """
    directory = options.tls_directory or options.tls_kept
    if directory is None:
        directory = Path(resources.enter_context(tempfile.TemporaryDirectory(prefix="best-fleet-tls-")))
    hosts = dict.fromkeys(["127.0.0.1", "::1", "localhost", options.host, options.public_host])
    names = [host for host in hosts if host and host not in ("0.0.0.0", "::")]
    algorithm: Algorithm = "ecdsa" if options.settings.tls is None else options.settings.tls.algorithm
    if certificates is not None:
        return certificates.server(directory, names, algorithm)
    cert, key = (directory / "cert.pem", directory / "key.pem")
    if options.tls_kept is None or not key.is_file() or algorithm_of(cert) != algorithm:
        cert, key = self_signed(directory, names, algorithm=algorithm)
    return ServerFiles(cert, key, cert)


def _tls(
    tls: PlatformTls,
    options: PlatformOptions,
    resources: ExitStack,
    certificates: DeviceCertificates | None,
    mistakes: Mistakes | None,
) -> ServerTls:
    cert, key, ca = tls.certificate, tls.key, None
    if cert is None:
        cert, key, ca = options.tls_made or made_files(options, resources, certificates)
    root = None if ca is None else ca.read_text()
    if certificates is None:
        context = server_context(cert, key, tls.client_ca)
        return ServerTls(context, context, ca, root)
    broker = server_context(cert, key)
    lenient = mistakes is not None and ACCEPTS_NONE in mistakes
    demand_certificates(broker, certificates.root, all_clients=not lenient)
    # A device gets its certificate from the dispatch, and can show it nothing before.
    return ServerTls(server_context(cert, key), broker, ca, root)
