"""How a platform's process runs: where it serves, for whom, and what it remembers; what it says is in its settings."""

from dataclasses import dataclass, field
from pathlib import Path

from simulator.platform.directory import Directory
from simulator.platform.settings import PlatformSettings
from simulator.platform.split import Share
from simulator.wire.authority import ServerFiles


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformOptions:
    """How the process runs. What the platform says and does is in `settings`."""

    settings: PlatformSettings
    directory: Directory
    host: str = "127.0.0.1"
    dispatch_port: int = 0
    """0 takes a free one, as for the broker."""
    broker_port: int = 0
    mqtt_port: int = 0
    """Of the platform's own broker for devices over MQTT."""
    public_host: str | None = None
    """Put into the broker's and the photos' addresses; `None` puts the host that a device asked."""
    ledger: Path | None = None
    """SQLite file; `None` keeps everything in memory."""
    ledger_token: str | None = field(default=None, repr=False)
    """Lets in whoever presents it to the ledger's pages; `None` lets in this machine alone."""
    ready_file: Path | None = None
    """Gets the ready line, in one go."""
    account_file: Path | None = None
    """Gets what the ledger keeps when the platform is told to stop, as JSON and in one go; not where standard input
    ended, for then nobody is left to read it."""
    seed: int = 0
    tls_directory: Path | None = None
    """Where a self-made certificate is put; `None` takes a temporary directory."""
    tls_kept: Path | None = None
    """Directory of what it made itself for TLS, CA's key included, which is used again if it is there; `None` makes it
    anew with each start."""
    idle_timeout: float | None = None
    """Seconds without a message after which a connection is closed; `None` for never."""
    max_message_bytes: int = 16 * 1024 * 1024
    """A larger message ends its connection with 1009."""
    stop_with_stdin: bool = False
    """Stop when standard input ends, so that an embedded platform does not outlive its parent."""
    left_behind: Path | None = None
    """Directory that is removed when standard input ends: it is the parent's, who is gone and will not do it."""
    gather: float = 0.0
    """Seconds for which it lets gather what arrives before it looks (`simulator.gathering`)."""
    verbose: bool = False
    share: Share | None = None
    """Which process of several it is; `None` for a platform in one."""
    tls_made: ServerFiles | None = None
    """The self-made certificate of a platform in several processes, which show the same one."""
