"""What a device does with a message that breaks a rule, in a sentence for each; strict groups refuse all the same."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from simulator.measurements import observation_rules as o
from simulator.measurements import violation_rules as v

_FIELD_MISSING: Final = (
    "Plain where a required text that only names something is null or empty, as an applicant: an empty text. Else what "
    "should be there cannot be guessed: "
)
_FIELD_FORMAT: Final = (
    "Plain where the value has one meaning: times in other notations or as an epoch, blanks, leading zeros, cards with "
    "letters, an enumeration's value that no device acts on. Else "
)
_FIELD_TYPE: Final = (
    "Plain for numbers, for booleans in flags and free texts, for null where the field may be absent, for one object "
    "in place of a list and a list of one object in place of the object. Else "
)
_FAILED: Final = "the request fails."
_REFUSED: Final = "the command is answered with a failure code."
_OPTIONAL_ABSENT: Final = "an optional field counts as absent, and without a required one the request fails."

HANDLING: Final[Mapping[str, str]] = MappingProxyType(
    {
        v.REPLY_UNKNOWN_MID: "Nothing: it answers no request.",
        v.REPLY_DOUBLED: "Nothing: the first reply counts.",
        v.REPLY_LATE: "Nothing: the request has failed as a timeout.",
        v.REPLY_FUNC_ID: "Plain: the mid says which request is answered.",
        v.REPLY_CODE: "Plain for a number and where leading zeros are missing: 0 is 00000000. Other texts count as "
        "they are, as failures. Without a code the request fails.",
        v.REPLY_MESSAGE: "Plain: an empty text, or the number's digits.",
        v.REPLY_FIELD_MISSING: _FIELD_MISSING + _FAILED,
        v.REPLY_FIELD_FORMAT: _FIELD_FORMAT + _OPTIONAL_ABSENT,
        v.REPLY_FIELD_TYPE: _FIELD_TYPE + _OPTIONAL_ABSENT,
        v.REPLY_NOT_JSON: "No meaning: the connection is closed with 1008, unless it is JSON that cannot be read as a "
        "whole.",
        v.REPLY_TOO_LARGE: "Plain: it is read, up to 4 MB.",
        v.COMMAND_MID: "Plain for a number and for one that is too long: it is sent back as a text. Without one the "
        "command is refused.",
        v.COMMAND_CMD_ID: "Without one it is refused. One that another command had is answered with the stored code.",
        v.COMMAND_FIELD_MISSING: _FIELD_MISSING + _REFUSED,
        v.COMMAND_FIELD_FORMAT: _FIELD_FORMAT + _REFUSED,
        v.COMMAND_FIELD_TYPE: _FIELD_TYPE + _REFUSED,
        v.COMMAND_TOO_LARGE: "The command is refused with E0000002.",
        v.COMMAND_TOO_MANY: "Plain while no more than maxPendingCmdCount wait for the one in hand; further ones are "
        "refused with E0000005.",
        v.COMMAND_NOT_NEGOTIATED: "The command is refused with E0000001, as one that the firmware does not know.",
        v.COMMAND_UNKNOWN: "No meaning: it is refused with E0000001.",
        v.COMMAND_BEFORE_ONLINE: "Plain: it is kept, and carried out after the reply to dev.report.",
        v.COMMAND_URL: "The command is answered with E0000008.",
        v.SESSION_HEARTBEAT_TERMS: "Plain enough: 60 s, the document's default. Where supportHeartbeat is 0, an "
        "interval of 0 is no fault.",
        v.SESSION_CLOSED_UNANNOUNCED: "The device reconnects.",
        v.SESSION_CLOSE_CODE: "The device reconnects.",
        v.SESSION_WEBSOCKET: "The device closes the connection and reconnects.",
        v.SESSION_MQTT: "The device ends the connection and reconnects; an acknowledgement too many is passed over.",
        v.SESSION_RETAINED: "The message is acknowledged and passed over: nobody knows when it was meant.",
        v.SESSION_TOPIC: "The message is acknowledged and passed over.",
        v.CHANNEL_COUNTER: "The device closes with 1008 and reconnects.",
        v.CHANNEL_TAG: "The device closes with 1008 and reconnects.",
        v.CHANNEL_PLAIN_AFTER_EXCHANGE: "The device closes with 1008 and reconnects.",
        v.CHANNEL_KEY: "A key of another size is used. Else the exchange has failed; the device closes with 1008 "
        "and reconnects.",
        v.CHANNEL_FACTOR_REPEATED: "The channel is used all the same.",
        v.CHANNEL_IV_REPEATED: "Plain: the frame is read.",
        v.CHANNEL_FRAME: "The device closes with 1008 and reconnects.",
        v.LOOKUP_STATUS: "Plain for another status of success: the answer is read. Any other fails the look-up.",
        v.LOOKUP_NOT_JSON: "No meaning: the look-up fails, unless it is JSON of which enough can be read.",
        v.LOOKUP_CODE: "As reply.code.",
        v.LOOKUP_MESSAGE: "Plain: an empty text, or the number's digits.",
        v.LOOKUP_FIELD_TYPE: "Plain for numbers; what else is no text counts as absent.",
        v.LOOKUP_URL: "Plain for blanks around the address. Else the look-up fails.",
        v.LOOKUP_CERTIFICATE: "A rootCA counts as absent; whether the broker is trusted without it, TLS decides. "
        "With a certificate or key of its own that cannot be used the device does not connect.",
        v.LOOKUP_CERTIFICATE_PAIR: "Over wss the device does not connect; it asks again after two attempts.",
        v.LOOKUP_CERTIFICATE_TIME: "It is shown, or trusted, all the same: whether it is taken, TLS decides.",
        v.RECORD_ACKNOWLEDGED_TWICE_DIFFERENTLY: "The first answer counts.",
        o.LOOKUP_KEY_IN_CLEAR: "The device shows the certificate; a rootCA from there is not trusted.",
        o.NINE_POSITIONS: "Plain: the tenth position is 0.",
        o.COMMAND_REPEATED: "It is answered with the stored code and not applied again.",
        o.COMMAND_DROPPED: "The command is dropped.",
        o.COMMAND_BIO_TYPE: "What it has no place for is left out; the command is carried out with the rest.",
        o.DOWNLOAD_REFUSED: "The command is answered with E0000008.",
        o.LOGIN_REPEATED: "The device registers anew, once.",
        o.UPLOAD_HELD_BACK: "The upload waits for a connection on which it is taken.",
        o.UPLOAD_GIVEN_UP: "The upload is set aside.",
        o.UPLOAD_TOO_LARGE: "The upload is given up.",
        o.PACKAGE_SMALLER: "Nothing larger than half of it is sent on this connection: batches go up in halves, "
        "pictures in smaller pieces; one item that is too large alone is given up.",
        o.QUERY_OVER: "An answer that says that there are no users is not sent any more; users are.",
        o.STORE_FULL: "A command that stores more is answered with E0000007.",
        o.NOBODY_VERIFIES: "Nobody verifies until somebody may; visitors come as before.",
    }
)
"""Every rule's name -> what the device does."""
