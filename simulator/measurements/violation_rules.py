"""Everything that the document forbids a platform and a device can see: each rule's stable name, section and texts."""

from typing import Final

from simulator.measurements.rule import (
    COMMAND_SECTION,
    DECIDED,
    GENERAL_SECTION,
    HANDSHAKE_SECTION,
    LOOKUP_SECTION,
    REPLY_SECTION,
    REPORT_SECTION,
    Rule,
    violation,
)
from simulator.texts.translation import N_

# --- Replies to requests ---

REPLY_UNKNOWN_MID: Final = "reply.unknown-mid"
REPLY_DOUBLED: Final = "reply.doubled"
REPLY_LATE: Final = "reply.late"
REPLY_FUNC_ID: Final = "reply.func-id"
REPLY_CODE: Final = "reply.code"
REPLY_MESSAGE: Final = "reply.message"
REPLY_FIELD_MISSING: Final = "reply.field-missing"
REPLY_FIELD_FORMAT: Final = "reply.field-format"
REPLY_FIELD_TYPE: Final = "reply.field-type"
REPLY_NOT_JSON: Final = "reply.not-json"
REPLY_TOO_LARGE: Final = "reply.too-large"

# --- Commands ---

COMMAND_MID: Final = "command.mid"
COMMAND_CMD_ID: Final = "command.cmd-id"
COMMAND_FIELD_MISSING: Final = "command.field-missing"
COMMAND_FIELD_FORMAT: Final = "command.field-format"
COMMAND_FIELD_TYPE: Final = "command.field-type"
COMMAND_TOO_LARGE: Final = "command.too-large"
COMMAND_TOO_MANY: Final = "command.too-many"
COMMAND_NOT_NEGOTIATED: Final = "command.not-negotiated"
COMMAND_UNKNOWN: Final = "command.unknown"
COMMAND_BEFORE_ONLINE: Final = "command.before-online"
COMMAND_URL: Final = "command.url"

# --- Connections ---

SESSION_HEARTBEAT_TERMS: Final = "session.heartbeat-terms"
SESSION_CLOSED_UNANNOUNCED: Final = "session.closed-unannounced"
SESSION_CLOSE_CODE: Final = "session.close-code"
SESSION_WEBSOCKET: Final = "session.websocket"
SESSION_MQTT: Final = "session.mqtt"
SESSION_RETAINED: Final = "session.retained"
SESSION_TOPIC: Final = "session.topic"
MQTT_RULES: Final = (SESSION_MQTT, SESSION_RETAINED, SESSION_TOPIC)

# --- The secure channel ---

CHANNEL_COUNTER: Final = "channel.counter"
CHANNEL_TAG: Final = "channel.tag"
CHANNEL_PLAIN_AFTER_EXCHANGE: Final = "channel.plain-after-exchange"
CHANNEL_KEY: Final = "channel.key"
CHANNEL_FACTOR_REPEATED: Final = "channel.factor-repeated"
CHANNEL_FRAME: Final = "channel.frame"
CHANNEL_IV_REPEATED: Final = "channel.iv-repeated"

# --- The look-up ---

LOOKUP_STATUS: Final = "lookup.status"
LOOKUP_NOT_JSON: Final = "lookup.not-json"
LOOKUP_CODE: Final = "lookup.code"
LOOKUP_MESSAGE: Final = "lookup.message"
LOOKUP_FIELD_TYPE: Final = "lookup.field-type"
LOOKUP_URL: Final = "lookup.url"
LOOKUP_CERTIFICATE: Final = "lookup.certificate"
LOOKUP_CERTIFICATE_PAIR: Final = "lookup.certificate-pair"
LOOKUP_CERTIFICATE_TIME: Final = "lookup.certificate-time"

# --- Records ---

RECORD_ACKNOWLEDGED_TWICE_DIFFERENTLY: Final = "record.acknowledged-twice-differently"

VIOLATION_RULES: Final[tuple[Rule, ...]] = (
    violation(
        REPLY_UNKNOWN_MID,
        REPLY_SECTION,
        N_("sent a reply without a mid, or with one that the device never sent"),
        N_("Answer every request once, with the request's own mid."),
    ),
    violation(
        REPLY_DOUBLED,
        REPLY_SECTION,
        N_("answered a request that it had answered before"),
        N_("Send one reply a request; look for retries inside the platform that answer again."),
    ),
    violation(
        REPLY_LATE,
        REPLY_SECTION,
        N_("answered a request after the device had given it up"),
        N_("Answer within the device's time-out (10 s unless the scenario says otherwise), or not at all."),
    ),
    violation(
        REPLY_FUNC_ID,
        REPLY_SECTION,
        N_("sent a reply whose funcId is missing or not cmd.dev.response"),
        N_('Put "funcId": "cmd.dev.response" into every reply but those of the two exchanges.'),
    ),
    violation(
        REPLY_CODE,
        REPLY_SECTION,
        N_("sent a reply whose code is missing, no text, or not eight characters long"),
        N_('Send the code as a text of eight characters; success is "00000000".'),
    ),
    violation(
        REPLY_MESSAGE,
        REPLY_SECTION,
        N_("sent a reply without a message, or with one that is no text"),
        N_("Put the code's text into message; it is required, also with a success."),
    ),
    violation(
        REPLY_FIELD_MISSING,
        REPLY_SECTION,
        N_("left a required field out of a reply"),
        N_("Send every field that the message's table in the document marks as required."),
    ),
    violation(
        REPLY_FIELD_FORMAT,
        REPLY_SECTION,
        N_("sent a field of a reply that is out of its format"),
        N_("Send the field as its table in the document says."),
    ),
    violation(
        REPLY_FIELD_TYPE,
        GENERAL_SECTION,
        N_("sent a field of a reply as another JSON type than the document's"),
        N_('Send every value as a text ("5", never 5), lists and objects as such, and leave out what is unknown.'),
    ),
    violation(
        REPLY_NOT_JSON,
        GENERAL_SECTION,
        N_("sent a message that is no JSON object"),
        N_("Send one JSON object in UTF-8 a message."),
    ),
    violation(
        REPLY_TOO_LARGE,
        REPORT_SECTION,
        N_("sent a reply larger than the device's maxPackageSize"),
        N_("Keep every message within the maxPackageSize of dev.report (in KB of 1,024 bytes, before encryption)."),
    ),
    violation(
        COMMAND_MID,
        COMMAND_SECTION,
        N_("sent a command whose mid is missing, no text, over 32 characters, or used before on the connection"),
        N_("Give every command a mid of its own, at most 32 characters long."),
    ),
    violation(
        COMMAND_CMD_ID,
        COMMAND_SECTION,
        N_("sent a command without a cmdId, or with the cmdId of another command"),
        N_("Give every command a cmdId of its own; only the same command sent again keeps it."),
    ),
    violation(
        COMMAND_FIELD_MISSING,
        COMMAND_SECTION,
        N_("left a required field out of a command"),
        N_("Send every field that the command's table in the document marks as required."),
    ),
    violation(
        COMMAND_FIELD_FORMAT,
        COMMAND_SECTION,
        N_("sent a field of a command that is out of its format"),
        N_("Send the field as its table in the document says."),
    ),
    violation(
        COMMAND_FIELD_TYPE,
        GENERAL_SECTION,
        N_("sent a field of a command as another JSON type than the document's"),
        N_('Send every value as a text ("5", never 5), lists and objects as such, and leave out what is unknown.'),
    ),
    violation(
        COMMAND_TOO_LARGE,
        REPORT_SECTION,
        N_("sent a command larger than the device's maxPackageSize"),
        N_("Split the command: a device may refuse what is larger than the maxPackageSize of its dev.report."),
    ),
    violation(
        COMMAND_TOO_MANY,
        REPORT_SECTION,
        N_("sent more commands than the device's maxPendingCmdCount before they were answered"),
        N_("Wait for answers (dev.cmd.response) before more commands are sent."),
    ),
    violation(
        COMMAND_NOT_NEGOTIATED,
        REPORT_SECTION,
        N_("sent a command whose funcId the device did not list in dev.report"),
        N_("Send a device only what its funcIds list."),
    ),
    violation(
        COMMAND_UNKNOWN,
        COMMAND_SECTION,
        N_("sent a message whose funcId is none of the document's commands"),
        N_("Send only commands of the document; a device cannot know others."),
    ),
    violation(
        COMMAND_BEFORE_ONLINE,
        REPORT_SECTION,
        N_("sent a command before it had answered dev.report"),
        N_("Wait with commands until the reply to dev.report is sent: what the device takes is unknown before."),
    ),
    violation(
        COMMAND_URL,
        "3.18 更新人员生物特征照片",
        N_("sent a bioPhoto whose url could not be fetched, or holds no JPEG"),
        N_("Serve the picture at the url for as long as the command may be repeated."),
    ),
    violation(
        SESSION_HEARTBEAT_TERMS,
        REPORT_SECTION,
        N_("told heartbeat terms that cannot be kept: an interval that is absurd or unreadable"),
        N_("Send heartbeatInterval as seconds in a text; 60 is the document's default."),
    ),
    violation(
        SESSION_CLOSED_UNANNOUNCED,
        f"{DECIDED}, Envelope and channel",
        N_("ended a connection without a WebSocket close frame while all was well"),
        N_("Close with a close frame and a status; look for a proxy or load balancer that cuts connections."),
    ),
    violation(
        SESSION_CLOSE_CODE,
        f"{DECIDED}, Envelope and channel",
        N_("closed a connection with a status that may not stand in a close frame"),
        N_("Use a status of RFC 6455 (section 7.4), such as 1000, 1001 or 1008."),
    ),
    violation(
        SESSION_WEBSOCKET,
        f"{DECIDED}, Envelope and channel",
        N_("broke the rules of WebSocket itself"),
        N_("Look at the frames: this is RFC 6455, beneath the document."),
    ),
    violation(
        SESSION_MQTT,
        f"{DECIDED}, MQTT",
        N_("broke the rules of MQTT 3.1.1"),
        N_("Look at the broker and at its packets: this is beneath the document."),
    ),
    violation(
        SESSION_RETAINED,
        f"{DECIDED}, MQTT",
        N_("sent a retained message: it reaches a device at each subscription, long after it was meant"),
        N_("Publish without RETAIN, and remove what is retained by an empty retained message to the same topic."),
    ),
    violation(
        SESSION_TOPIC,
        f"{DECIDED}, MQTT",
        N_("sent a message of a topic that the device has not subscribed to"),
        N_("Publish to the device's own topic; look for subscriptions that a kept session has of earlier times."),
    ),
    violation(
        CHANNEL_COUNTER,
        f"{HANDSHAKE_SECTION}; {DECIDED}, Channel",
        N_("sent a frame with a counter that was not the next one"),
        N_("Count the frames of a connection from 0, each one up, in the order in which they are sent."),
    ),
    violation(
        CHANNEL_TAG,
        f"{HANDSHAKE_SECTION}; {DECIDED}, Channel",
        N_("sent a frame that does not open with the session's key"),
        N_("Encrypt with the key that both factors give, and with the frame's own counter in the nonce."),
    ),
    violation(
        CHANNEL_PLAIN_AFTER_EXCHANGE,
        f"{HANDSHAKE_SECTION}; {DECIDED}, Channel",
        N_("sent a message in the clear after the factors were exchanged"),
        N_("Encrypt everything behind the reply to device.exchange.factor."),
    ),
    violation(
        CHANNEL_KEY,
        f"{HANDSHAKE_SECTION}; {DECIDED}, Channel",
        N_("sent a public key or a factor that cannot be used"),
        N_(
            "Send the key as base64 of a DER SubjectPublicKeyInfo (RSA, 2,048 bits) and the factor encrypted "
            "under the device's key."
        ),
    ),
    violation(
        CHANNEL_FACTOR_REPEATED,
        f"{HANDSHAKE_SECTION}; {DECIDED}, Channel",
        N_("used the same factor for two connections"),
        N_("Draw a fresh factor for every connection."),
    ),
    violation(
        CHANNEL_FRAME,
        f"{HANDSHAKE_SECTION}; {DECIDED}, Channel",
        N_("sent a frame of the wrong kind or too short for the suite"),
        N_("Text frames where the suite is plain, binary ones of at least 24 bytes where it is encrypted."),
    ),
    violation(
        CHANNEL_IV_REPEATED,
        f"{HANDSHAKE_SECTION}; {DECIDED}, Channel",
        N_("used a random IV for two frames of a connection"),
        N_(
            "Draw the IV of each frame from a random source fit for keys: under GCM a repeated one gives messages away."
        ),
    ),
    violation(
        LOOKUP_STATUS,
        LOOKUP_SECTION,
        N_("answered a look-up with another HTTP status than 200"),
        N_("Answer refusals and faults with 200 and a code, as the document shows."),
    ),
    violation(
        LOOKUP_NOT_JSON,
        LOOKUP_SECTION,
        N_("answered a look-up with something that is no JSON object"),
        N_("Answer with the JSON object of the document, also where a proxy stands before the service."),
    ),
    violation(
        LOOKUP_CODE,
        LOOKUP_SECTION,
        N_("answered a look-up with a code that is missing, no text, or not eight characters long"),
        N_('Send the code as a text of eight characters; success is "00000000".'),
    ),
    violation(
        LOOKUP_MESSAGE,
        LOOKUP_SECTION,
        N_("answered a look-up without a message, or with one that is no text"),
        N_("Put the code's text into message."),
    ),
    violation(
        LOOKUP_FIELD_TYPE,
        GENERAL_SECTION,
        N_("answered a look-up with a field of another JSON type than the document's"),
        N_("Send every value as a text and leave out what is unknown."),
    ),
    violation(
        LOOKUP_URL,
        LOOKUP_SECTION,
        N_("answered a look-up with a success whose url is missing or no address of the transport asked for"),
        N_("Send the broker's address in results.url: ws:// or wss:// for best-w."),
    ),
    violation(
        LOOKUP_CERTIFICATE,
        LOOKUP_SECTION,
        N_("answered a look-up with a certificate or key that is no readable PEM text"),
        N_("Send certificates as PEM text, or leave them out."),
    ),
    violation(
        LOOKUP_CERTIFICATE_PAIR,
        LOOKUP_SECTION,
        N_(
            "answered a look-up with a certificate and a private key that do not go together, or with one of them alone"
        ),
        N_("Send both, and the key that the certificate was made for."),
    ),
    violation(
        LOOKUP_CERTIFICATE_TIME,
        f"{LOOKUP_SECTION}; {DECIDED}, Look-up",
        N_("answered a look-up with a certificate that has expired or is not valid yet"),
        N_("Issue a certificate that holds now, or look at the clocks of both machines."),
    ),
    violation(
        RECORD_ACKNOWLEDGED_TWICE_DIFFERENTLY,
        "3.12 上传验证记录",
        N_("answered the same upload twice, and differently"),
        N_("Decide once whether a record is kept; a repeated one is acknowledged again."),
    ),
)
"""In the order of tables."""
