"""Fields and tables that several messages share (vendor PUSH manuals for the missing appendices)."""

from simulator.protocol.catalogue import formats as f
from simulator.protocol.catalogue.spec import Field, Object, Objects, optional, required

BIO_TYPE_NAMES = (
    "general",
    "fingerprint",
    "near-infrared face",
    "voiceprint",
    "iris",
    "retina",
    "palm print",
    "finger vein",
    "palm vein",
    "visible-light face",
    "visible-light palm",
)

VERIFY_STYLES = {
    **{
        str(code): name
        for code, name in enumerate(
            (
                "auto",
                "fingerprint",
                "PIN",
                "password",
                "card",
                "fingerprint or password",
                "fingerprint or card",
                "card or password",
                "PIN and fingerprint",
                "fingerprint and password",
                "card and fingerprint",
                "card and password",
                "fingerprint, password and card",
                "PIN, fingerprint and password",
                "PIN and fingerprint, or card and fingerprint",
                "face",
                "face and fingerprint",
                "face and password",
                "face and card",
                "face, fingerprint and card",
                "face, fingerprint and password",
                "finger vein",
                "finger vein and password",
                "finger vein and card",
                "finger vein, password and card",
                "palm",
                "palm and card",
                "palm and face",
                "palm and fingerprint",
                "palm, fingerprint and face",
            )
        )
    },
    "200": "other",
}

BIO_TYPE = f.OneOf({str(code): name for code, name in enumerate(BIO_TYPE_NAMES)})
VERIFY_STYLE = f.OneOf(VERIFY_STYLES)
MEETING_STATUS = f.OneOf({"0": "sign-in", "1": "sign-out", "255": "neither"})
CATEGORY = f.OneOf({"0": "normal", "4": "visitor"})
FUN_SWITCH = f.OneOf(
    {"0": "none", "1": "longer door opening", "2": "temporary user", "3": "temporary user with longer door opening"}
)
DISABLE = f.OneOf({"0": "allowed", "1": "blocked"})
CARD_TYPE = f.OneOf({"0": "main card", "1": "second card"})
LOSS_FLAG = f.OneOf({"0": "in use", "1": "lost"})
RULE_TYPE = f.OneOf({"1": "attendance", "2": "access", "3": "attendance and access"})
TEMPLATE_FORMAT = f.OneOf({"0": "ZK", "1": "ISO", "2": "ANSI"})
PROT_TYPE = f.OneOf({"best-w": "WebSocket", "best-m": "MQTT", "best-t": "Tencent IoT Hub"})
DEV_TYPE = f.OneOf({"att": "attendance", "acc": "access", "elev": "elevator", "icc": "card issuing", "meet": "meeting"})

PIN = required("pin", f.TEXT, "The user's number.")
PRODUCT_ID = required("productId", f.TEXT, "Product id, written into the device at the factory.")
DEV_KEY = required(
    "devKey",
    f.DIGEST_HEX,
    "PBKDF2-HMAC-SHA256 digest (1,000 rounds, 32 bytes, hex) of the device key, salted by productId.",
)
BIO_NO = optional("no", f.Integer(0, 9), "Which finger, eye or palm.", default="0")
BIO_INDEX = optional("index", f.Integer(), "Which template of that one, from 0.", default="0")
EXTENSION = optional("extension", f.Text(16), "File name extension of the picture.", default="jpg")

CONTENT_OR_FILE = (("content", "contentFileId"),)


def content_fields(what: str) -> tuple[Field, Field]:
    """`content` and `contentFileId`, of which exactly one is non-empty."""
    return (
        Field("content", f.BASE64, False, f"The {what} in base64."),
        Field(
            "contentFileId",
            f.FILE_ID,
            False,
            f"The file that holds the {what}, uploaded in pieces before (section 上传大文件).",
            aliases=("contentFileDialog",),
        ),
    )


BIO_DATAS = optional(
    "bioDatas",
    Objects(
        Object(
            (
                BIO_NO,
                BIO_INDEX,
                optional("valid", f.FLAG, "Whether the template is valid.", default="1"),
                optional("duress", f.FLAG, "Whether it signals duress.", default="0"),
                required("type", BIO_TYPE, "Biometric type."),
                required("majorVer", f.Integer(), "Major version of the algorithm."),
                required("minorVer", f.Integer(), "Minor version of the algorithm."),
                required("fmt", TEMPLATE_FORMAT, "Format of the template."),
                required("tmp", f.TEXT, "The template itself."),
            )
        )
    ),
    "Fingerprints, faces, palms.",
)


def validity_fields(clock: str) -> tuple[Field, Field]:
    """`startTime` and `endTime` of a user, in local time of `clock`."""
    return (
        optional("startTime", f.TIMESTAMP, f"Valid from, local time of the {clock} with offset."),
        optional("endTime", f.TIMESTAMP, f"Valid until, local time of the {clock} with offset."),
    )


PASSWORD_FIELDS = (
    optional("password", f.DIGEST_HEX, "PBKDF2-HMAC-SHA256 digest (1,000 rounds, 32 bytes, hex) of the password."),
    optional("passwordSalt", f.SALT_HEX, "Salt of the digest; it is decoded from hex first."),
)
