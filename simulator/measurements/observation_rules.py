"""What a platform does that is unusual and allowed, or left open by the document: each rule's stable name and texts."""

from typing import Final

from simulator.measurements.rule import (
    DECIDED,
    LOOKUP_SECTION,
    REPORT_SECTION,
    Rule,
    observation,
)
from simulator.texts.translation import N_

LOOKUP_KEY_IN_CLEAR: Final = "lookup.key-in-clear"
NINE_POSITIONS: Final = "reply.nine-positions"
COMMAND_REPEATED: Final = "command.repeated"
COMMAND_DROPPED: Final = "command.dropped"
COMMAND_BIO_TYPE: Final = "command.bio-type"
LOGIN_REPEATED: Final = "login.repeated"
DOWNLOAD_REFUSED: Final = "download.refused"
UPLOAD_HELD_BACK: Final = "upload.held-back"
UPLOAD_GIVEN_UP: Final = "upload.given-up"
UPLOAD_TOO_LARGE: Final = "upload.too-large"
PACKAGE_SMALLER: Final = "package.smaller"
QUERY_OVER: Final = "query.over"
STORE_FULL: Final = "device.store-full"
NOBODY_VERIFIES: Final = "device.nobody-verifies"

OBSERVATION_RULES: Final[tuple[Rule, ...]] = (
    observation(
        LOOKUP_KEY_IN_CLEAR,
        f"{LOOKUP_SECTION}; {DECIDED}, Look-up",
        N_("sent a device's private key over plain HTTP"),
        N_("Serve the look-up over https: whoever is in between has the key."),
    ),
    observation(
        NINE_POSITIONS,
        REPORT_SECTION,
        N_("sent a biometric text with nine positions, as the document's own example has it"),
        N_("Ten positions (types 0 to 9) leave nothing to guess: the device takes the tenth for 0."),
    ),
    observation(
        COMMAND_REPEATED,
        f"{DECIDED}, Commands",
        N_("sent a command again that the device had or was about to answer"),
        N_("Nothing, where the answer was lost; else wait longer for it."),
    ),
    observation(
        COMMAND_DROPPED,
        f"{DECIDED}, Commands",
        N_("sent more commands before the reply to dev.report than the device keeps"),
        N_("Wait with commands until dev.report is answered."),
    ),
    observation(
        DOWNLOAD_REFUSED,
        f"{DECIDED}, Commands",
        N_("named a picture that devices may not fetch: its address is not allowed, or it is larger than 255 KB"),
        N_("Serve pictures from a public address, or name the host in the scenario's downloads.hosts."),
    ),
    observation(
        COMMAND_BIO_TYPE,
        f"{DECIDED}, Commands",
        N_("sent a template or a photo of a biometric type that the device's report denies: it was left out"),
        N_("Send what multiBioDataSupport and multiBioPhotoSupport of dev.report list."),
    ),
    observation(
        LOGIN_REPEATED,
        f"{DECIDED}, Initial flow",
        N_("refused a login that it had granted before, and took the device after a new registration"),
        N_("Nothing, where devices were removed on purpose."),
    ),
    observation(
        UPLOAD_HELD_BACK,
        REPORT_SECTION,
        N_("negotiated uploads away that the device had to make"),
        N_("List the funcId, or the biometric type, in the reply to dev.report if these uploads are wanted."),
    ),
    observation(
        UPLOAD_GIVEN_UP,
        f"{DECIDED}, Records, photos, files",
        N_("refused an upload so often that the device gave it up"),
        N_("See the code in the request's row: what was refused five times is not sent again."),
    ),
    observation(
        UPLOAD_TOO_LARGE,
        REPORT_SECTION,
        N_("was not sent an upload that fits no package"),
        N_("Nothing: the device's maxPackageSize is too small for what the scenario has it upload."),
    ),
    observation(
        PACKAGE_SMALLER,
        f"{DECIDED}, Package size",
        N_("refused a message with E0000002 that was within the device's maxPackageSize, and larger than any it took"),
        N_("If the platform takes less in a message, say so in the group's max_package: nothing is refused then."),
    ),
    observation(
        QUERY_OVER,
        f"{DECIDED}, Commands",
        N_("could not be sent all users of a query within 10 s"),
        N_("Answer the uploads of a query sooner."),
    ),
    observation(
        STORE_FULL,
        f"{DECIDED}, Records, photos, files",
        N_("filled a device's store"),
        N_("Nothing: the device holds no more (maxUserCount and its like in dev.report)."),
    ),
    observation(
        NOBODY_VERIFIES,
        f"{DECIDED}, Records and photos",
        N_(
            "left a device without users who may verify: those it has are blocked, not valid now, or have no card, "
            "template, photo or password for the scenario's styles"
        ),
        N_("Give users what they verify with (multiCard, bioPhoto, bioDatas, password), or set other `styles`."),
    ),
)
"""In the order of tables."""
