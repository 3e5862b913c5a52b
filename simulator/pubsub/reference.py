"""The page about BEST over MQTT, in Markdown: every shipped profile with its values, and what is assumed of them."""

from collections.abc import Iterator
from typing import Final

from simulator.fields.section import shown_of
from simulator.fields.units import format_duration, format_rate, format_size
from simulator.pubsub.keys import ProfileKeys
from simulator.pubsub.login import SDK_APP_ID
from simulator.pubsub.profile import Limits, Profile
from simulator.pubsub.shipped import NAMES, PROFILE_OF_TYPE, Shipped, shipped

_HEAD: Final = """\
# BEST over MQTT

<!-- Made from the shipped profiles by `make docs`; a test fails when it is stale. -->

The protocol document names three transports over MQTT in `getBrokerServer` (`best-m`, `best-t` for Tencent IoT Hub,
`best-a` for AWS IoT Core) and the form of their address, `mqtts://host:port`. It gives no topic, no client id, no
password and no quality of service. So all of that is a **profile**: data in the scenario, begun from one that is
shipped. What a shipped profile says without anybody having written it down is **assumed**, and marked so here and by
`best-fleet check`. Ask your platform's people for the right value, and write it into the scenario.

```yaml
groups:
  - name: rooms
    count: 100
    broker_type: best-m                    # what the look-up asks for; the profile best-m follows from it
    mqtt:                                  # only what is otherwise at your platform
      up: "iot/{productId}/{sn}/from-device"
      down: "iot/{productId}/{sn}/to-device"
      username: "{productId}&{sn}"
      password: "{devKey}"
      qos: 0
```

`mqtt` may stand at the top level, in `defaults` and in a group; the nearest one counts, as a whole
([docs/scenario.md](scenario.md) has every key). `best-fleet check FILE` shows topics, client id and user name of each
group's first device, and what of its profile is assumed.

## The shipped profiles

A group's `broker_type` decides which one it has, unless `profile` names another.

"""

_PLACEHOLDERS: Final = f"""
## Placeholders

| placeholder | what it is | where |
|---|---|---|
| `{{sn}}`, `{{deviceName}}` | the serial number | everywhere |
| `{{productId}}` | of the identity | everywhere |
| `{{companyId}}`, `{{siteId}}` | of the look-up's answer; a device without it fails: `bad profile` | everywhere |
| `{{clientId}}` | the client id, filled in | `username`, `password` |
| `{{sdkappid}}` | {SDK_APP_ID} | `username`, `password` |
| `{{connid}}` | five letters or digits, new with each connect | `username`, `password` |
| `{{expiry}}` | a day ahead of the device's clock, in seconds since 1970 | `username`, `password` |
| `{{devKey}}`, `{{deviceSecret}}` | secrets of the identity | `password` alone |

A topic has one placeholder a level at most, and names the device. A value that would break a topic (`+`, `#`, `/`, NUL)
fails its device. `deviceSecret` is an optional column of the identities; without it devKey stands in for it.

`password` is `none`, text with placeholders, `{{devKey: digest}}` (the digest that `dev.register` carries), or
`{{hmac: {{algorithm: sha256, key: "{{deviceSecret}}", suffix: ";hmacsha256"}}}}`: the HMAC of the user name under the
key, which is base64, in lower-case hex, then the suffix. `algorithm` is `sha256` or `sha1`; each of the three has a
usual value. Text that is a secret itself is masked in reports; keep such a scenario to yourself all the same.
"""

_DIFFERS: Final = """
## What differs from WebSocket

| | over WebSocket | over MQTT |
|---|---|---|
| `connect` | TCP, TLS, upgrade | TCP, TLS, CONNECT … CONNACK; a refusal is counted by its reason's name |
| before the first message | nothing | `subscribe`: SUBACK; after that the broker's session counts |
| `dev.register` | `sn` in the envelope, `productId` in the parameters | neither: the topic says who it is |
| `protType` | `best-w` | the look-up's type; `best-m` for best-a, as the document has none for it |
| channel | `rsa-aes` unless the scenario names a suite | `plain` unless the scenario names a suite |
| largest message | `max_package` | `max_package` or the profile's `max_packet`, the smaller one; after encryption |
| keep-alive | WebSocket pings | PINGREQ by the profile's `keep_alive` |
| commands while a device is away | lost | kept by the broker (persistent session, QoS 1), answered after it |
| flow | | `puback`: from a message's first sending to the broker's PUBACK |
| a stop or a reboot | waits for the replies | and 5 s at most for PUBACKs |

No profile has a will or a retained message. Over an encrypted channel the keys belong to one connection, so that
nothing is kept for a device that is away. [docs/deviations.md](deviations.md) has the rest.

## With a real broker

**Your platform.** Its broker is not in the scenario: the look-up's answer names the address, and the certificates if
there are any. `target` (or `--host`) is the dispatch server, as ever; `tls.ca` is trusted for mqtts as well where the
answer holds no `rootCA`.

**The embedded platform at a broker of yours**, mosquitto for example, instead of the one that it has built in:

```yaml
platform:
  mqtt:
    broker: mqtt://127.0.0.1:1883          # or mqtts://, with `tls: {ca: ca.pem}` below it
    username: platform                     # if it wants one; the password is BEST_FLEET_BROKER_PASSWORD, or
    password_file: platform-password.txt   # the only line of a file
```

The platform goes by the `mqtt` of the top level and of the scenario's groups. Devices log in at that broker by their
profile, so it has to know them, or to let anybody in. `company_id` and `site_id` beside `broker` are what the look-up's
answer names, for topics that hold them.

One embedded platform at a time: two at the same broker with the same topics both answer each device, and the reports
are full of refusals and violations of neither's making. And a persistent session outlives the run: what the broker kept
of an earlier one reaches the devices of the next. A reply to a request of then is passed over, a command of then is
carried out. `clean_session: true`, or a broker that starts empty, avoids that.
"""

_LIMITS: Final = (
    ("keep-alive", "refused where a scenario is beyond it"),
    ("payload", "refused where a scenario is beyond it"),
    ("slashes in a topic", "refused where a scenario is beyond it"),
    ("topics in a SUBSCRIBE", "a device subscribes to one"),
    ("messages from a device", "kept: uploads wait for their turn; heartbeats and answers to commands do not"),
    ("messages to a device", "the platform's affair; the embedded one does not keep it"),
    ("pause between connects", "kept: a device waits so long; `best-fleet check` notes a shorter `reconnect.first`"),
)
"""What is told of the limits, and what is made of each."""


def mqtt_page() -> str:
    """The whole page; `docs/mqtt.md` holds it."""
    profiles = [shipped(name) for name in NAMES]
    return "".join((_HEAD, *_values(profiles), *_notes(profiles), *_limits(profiles), _PLACEHOLDERS, _DIFFERS))


def _values(profiles: list[Shipped]) -> Iterator[str]:
    types = {profile: broker_type for broker_type, profile in PROFILE_OF_TYPE.items()}
    yield f"| key | {' | '.join(f'`{each.profile.name}`' for each in profiles)} |\n|---|---|---|---|\n"
    yield f"| for `broker_type` | {' | '.join(f'`{types[each.profile.name]}`' for each in profiles)} |\n"
    for key in ProfileKeys.model_fields:
        yield f"| `{key}` | {' | '.join(_value(each.profile, key) for each in profiles)} |\n"


def _value(profile: Profile, key: str) -> str:
    value = getattr(profile, key)
    shown = shown_of(ProfileKeys.model_fields[key])
    text = "null" if value is None else str(value) if shown is None else shown.write(value)
    text = {"True": "true", "False": "false"}.get(text, text)
    return f"`{text}`{' *assumed*' if key in profile.assumed else ''}"


def _notes(profiles: list[Shipped]) -> Iterator[str]:
    for each in profiles:
        yield f"\n**`{each.profile.name}`**, {each.title}.\n\n"
        yield from (f"- {note}\n" for note in each.notes)


def _limits(profiles: list[Shipped]) -> Iterator[str]:
    known = [each for each in profiles if each.profile.limits != Limits()]
    yield "\n## Limits of these brokers\n\nAs far as they are published.\n\n"
    yield f"| | {' | '.join(f'`{each.profile.name}`' for each in known)} | |\n|---|{'---|' * len(known)}---|\n"
    columns = [_in_words(each.profile.limits) for each in known]
    for (name, made_of_it), *cells in zip(_LIMITS, *columns, strict=True):
        yield f"| {name} | {' | '.join(cells)} | {made_of_it} |\n"


def _in_words(limits: Limits) -> tuple[str, ...]:
    bounds, most, pause = limits.keep_alive, limits.max_packet, limits.connect_interval
    rates = (limits.publishes_per_second, limits.deliveries_per_second)
    return (
        "" if bounds is None else " to ".join(format_duration(bound) for bound in bounds),
        "" if most is None else format_size(most),
        *("" if number is None else str(number) for number in (limits.slashes, limits.topics_per_subscribe)),
        *("" if rate is None else format_rate(rate) for rate in rates),
        "" if pause is None else format_duration(pause),
    )
