"""How large a message of one device may be: its own `maxPackageSize`, or less, where a platform is found to take less.

Nothing in the protocol tells a device the platform's limit. A message that is too large is refused with `E0000002`, as
any malformed one, so only a large one is suspected of its size (docs/deviations.md, Package size).
"""

from collections.abc import Callable, Sequence
from typing import Final

from simulator.device.held_back import VERIFY_LOG
from simulator.device.outbox import Record
from simulator.device.replies import Reply
from simulator.device.settings import DeviceSettings
from simulator.device.uploads import FILE_FUNC_IDS, Upload, fits, largest_message, message_bytes, room_for, size_in_list
from simulator.device.witness import Witness
from simulator.measurements.names import TOO_LARGE
from simulator.measurements.observation_rules import PACKAGE_SMALLER
from simulator.protocol.codes import MALFORMED

SURE_BYTES: Final = 4 * 1024
"""What every platform takes: a smaller message that is refused is not refused for its size."""
_LIST: Final = "verifyLog"


class Packages:
    """The limit on one device's messages.

    Attributes:
        limit: bytes of JSON of what is sent now, at most.
    """

    __slots__ = ("_own", "_settings", "_taken", "_witness", "limit")

    def __init__(self, settings: DeviceSettings, witness: Witness, own: int) -> None:
        """
        Args:
            witness: told of messages that the platform found too large.
            own: bytes that the device's own firmware and its transport allow.
        """
        self._settings = settings
        self._witness = witness
        self._own = own
        self.limit = self._own
        self._taken = SURE_BYTES

    def reconnected(self) -> None:
        """A new connection: nothing is known of what listens there."""
        self.limit = self._own
        self._taken = SURE_BYTES

    def taken(self, picture: int) -> None:
        """The platform took an upload with a picture of so many bytes, 0 for none: in base64, or in pieces of it."""
        self._taken = max(self._taken, min(4 * picture // 3, self.limit - 512))

    def hopeless(self, upload: Upload, now: float) -> Reply | None:
        """`too large` at the monotonic time `now`, without trying.

        That is for what is to be halved first, or cannot go up in pieces by this firmware.
        """
        limit = self.limit
        if upload.size:
            if self._settings.functions.lacks(FILE_FUNC_IDS) and not fits(upload, limit):
                why = f"it fits no package of {limit} bytes, and the firmware has not all three dev.file.upload.*"
                return Reply(TOO_LARGE, why, {}, now)
        elif limit < self._own and len(upload.items) > 1 and largest_message(upload, limit) > limit:
            return Reply(TOO_LARGE, f"it fits no package of {limit} bytes", {}, now)
        return None

    def judged(self, reply: Reply, func_id: str, size: Callable[[], int]) -> Reply:
        """The reply to a message, as `too large` where its size in bytes may be why it was refused.

        Half of that size is the limit then, or the largest that was ever taken.
        """
        if reply.code != MALFORMED or (count := size()) <= self._taken:
            return reply
        self.limit = min(self.limit, max(self._taken, count // 2))
        found = f"{reply.code} for a message of {count} bytes; the device's maxPackageSize allows {self._own}"
        self._witness.observation(PACKAGE_SMALLER, func_id, f"{func_id}: {found}")
        return Reply(TOO_LARGE, found, {}, reply.received)

    def first_of(self, batch: Sequence[Record]) -> int:
        """How many of the first records fit one message, at least one."""
        room = room_for(VERIFY_LOG, _LIST, self.limit)
        for count, record in enumerate(batch):
            room -= size_in_list(record.fields)
            if room < 0 and count:
                return count
        return len(batch)


def size_of(batch: Sequence[Record]) -> int:
    """Bytes of JSON of the message that holds the records."""
    return message_bytes(VERIFY_LOG, _LIST, [record.fields for record in batch])
