"""What the platform's terms hold back: which uploads, why, and that it is told once of each.

A platform that does not list a funcId, or switches a biometric type off, waits in vain for what it negotiated away.
"""

from collections.abc import Iterable

from simulator.device.outbox import Outbox
from simulator.device.terms import Terms
from simulator.device.uploads import FILE_FUNC_IDS, UPLOAD_USER, Upload, fits, templates_left_out
from simulator.device.witness import Witness
from simulator.measurements.observation_rules import UPLOAD_HELD_BACK

VERIFY_LOG = "dev.data.upload.verifyLog"
VERIFY_PHOTO = "dev.data.upload.verifyPhoto"
BIO_PHOTO = "dev.data.upload.bioPhoto"


def why_held_back(upload: Upload, terms: Terms, package_bytes: int) -> str:
    """Why this platform does not take the upload: its funcId, its biometric type, or files where it needs one.

    Returns:
        A reason for people; empty where it may be sent.
    """
    if not terms.allows(upload.func_id):
        return not_listed(upload.func_id)
    if upload.func_id == BIO_PHOTO and int(kind := upload.items[0]["type"]) not in terms.photo_types:
        return f"multiBioPhotoSupport of the reply to dev.report switches type {kind} off"
    if not upload.size or all(map(terms.allows, FILE_FUNC_IDS)) or fits(upload, package_bytes):
        return ""
    return "it fits no package, and funcIds of the reply to dev.report does not list all three dev.file.upload.*"


def tell_of_records(witness: Witness, outbox: Outbox, terms: Terms, told: int) -> int:
    """Tell of the records that wait and are held back, and of their pictures with them.

    Args:
        told: `logId` of the latest record that was told of before; they only grow.

    Returns:
        The new one.
    """
    if terms.allows(VERIFY_LOG):
        return told
    records = outbox.waiting_after(told)
    if not records:
        return told
    why = not_listed(VERIFY_LOG)
    _tell(witness, VERIFY_LOG, why, len(records))
    photos = [record.photo for record in records if record.photo is not None and not record.photo.held_back]
    for photo in photos:
        photo.held_back = True
    if photos:
        _tell(witness, VERIFY_PHOTO, f"{why}, and a picture follows its record", len(photos))
    return max(record.log_id for record in records)


def tell_of_uploads(witness: Witness, uploads: Iterable[Upload], terms: Terms, package_bytes: int) -> None:
    """Tell of those of the uploads that are held back."""
    for upload in uploads:
        if not upload.held_back and (why := why_held_back(upload, terms, package_bytes)):
            upload.held_back = True
            _tell(witness, upload.func_id, why)


def tell_of_templates(witness: Witness, upload: Upload, terms: Terms) -> None:
    """Tell of what an upload of users that is about to be sent goes up without."""
    if upload.func_id != UPLOAD_USER or upload.held_back:
        return
    count = templates_left_out(upload.items, terms.template_types)
    if count:
        upload.held_back = True
        why = "multiBioDataSupport of the reply to dev.report switches the type of a template off"
        _tell(witness, UPLOAD_USER, why, count)


def _tell(witness: Witness, func_id: str, why: str, count: int = 1) -> None:
    witness.observation(UPLOAD_HELD_BACK, func_id, f"{func_id}: {why}", count)


def not_listed(func_id: str) -> str:
    """Why `func_id` may not be sent."""
    return f"funcIds of the reply to dev.report does not list {func_id}"
