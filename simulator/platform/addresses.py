"""Where the platform's ports are found, as it tells devices: under the host that they asked, or a given one."""

from dataclasses import dataclass

SOME_COMPANY = "1"
"""Company, and site, of a platform that has none, where an answer must name some."""


@dataclass(slots=True)
class Addresses:
    """Where the ports are found.

    Args:
        listening: The host that the ports are bound to.
        public_host: Put into every address; None puts the host that a device asked.
        mqtt_url: Of a broker that is not the platform's own.
        root_ca: PEM text that devices need to trust the broker, for a self-made certificate.
    """

    listening: str
    public_host: str | None
    tls: bool
    dispatch_port: int = 0
    broker_port: int = 0
    mqtt_port: int = 0
    mqtt_url: str | None = None
    root_ca: str | None = None
    _asked: str | None = None

    def asked(self, host_header: str) -> str:
        """The host for a device that asked with this `Host` header; remembered for photos."""
        host = self.public_host or _host_of(host_header) or self.host
        self._asked = host
        return host

    @property
    def host(self) -> str:
        """The host for whoever did not ask."""
        if self.public_host or self._asked:
            return self.public_host or self._asked or ""
        return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(self.listening, self.listening)

    def broker(self, host: str) -> str:
        """The broker's URL at that host."""
        return f"{'wss' if self.tls else 'ws'}://{bracketed(host)}:{self.broker_port}"

    def mqtt(self, host: str) -> str:
        """The URL of the broker for devices over MQTT, at that host where it is the platform's own."""
        if self.mqtt_url is not None:
            return self.mqtt_url
        return f"{'mqtts' if self.tls else 'mqtt'}://{bracketed(host)}:{self.mqtt_port}"

    def dispatch(self, host: str) -> str:
        """The dispatch URL at that host."""
        return f"{'https' if self.tls else 'http'}://{bracketed(host)}:{self.dispatch_port}"

    def photo(self, sn: str, pin: str) -> str:
        """Address of a user's photo."""
        return f"{self.dispatch(self.host)}/photos/{pin}.jpg"


def bracketed(host: str) -> str:
    """The host as a URL has it: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host


def _host_of(header: str) -> str:
    """The host of a `Host` header, without port and brackets."""
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0]
