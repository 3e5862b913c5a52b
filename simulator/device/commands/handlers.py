"""What each command does to the device: one function a funcId, given parameters that have been checked.

A handler returns the answer's code and text. Most only change the memory; what a command causes afterwards (uploads, a
restart) it asks for through `CommandEffects`.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from simulator.device.environment import NetworkError
from simulator.device.meetings import parse_meeting
from simulator.device.memory import Memory, StoreFull, photo_key
from simulator.device.ownership import UnknownOwner, belonging
from simulator.protocol.codes import BAD_VALUE, DOWNLOAD_FAILED, STORE_FULL, SUCCESS
from simulator.protocol.limits import MAX_PHOTO_BYTES

Outcome = tuple[str, str]
DONE: Outcome = (SUCCESS, "success")

_UPLOADED_USER_FIELDS = (
    "pin",
    "password",
    "passwordSalt",
    "group",
    "idNum",
    "startTime",
    "endTime",
    "firstName",
    "lastName",
    "funSwitch",
    "disable",
    "threatLevelGroupNum",
    "bioDatas",
)
"""What of a user goes up again."""
_KEPT_USER_FIELDS = (*_UPLOADED_USER_FIELDS, "role", "ruleType")
"""`role` says who is a visitor; `ruleType` is an access device's and has no effect here."""

_TEMPLATE_FIELDS = ("no", "index", "valid", "duress", "type", "majorVer", "minorVer", "fmt", "tmp")
"""What of a template is known; whatever else a command holds may be of any kind, and must not go up again."""


class CommandEffects(Protocol):
    """What a command can ask of the device beside its memory."""

    async def download(self, url: str, limit: int) -> bytes: ...

    def no_picture(self, url: str) -> None:
        """What was downloaded from `url` is no JPEG."""
        ...

    def left_out(self, func_id: str, what: str) -> None:
        """Of a command that is carried out, `what` was not kept."""
        ...

    def zone(self) -> str:
        """The platform's offset `±HH:mm`, for times without one."""
        ...

    def upload_users(self, users: list[dict[str, Any]]) -> None: ...

    def ask_for_time(self) -> None: ...

    def reboot(self) -> None: ...

    def command_applied(self, func_id: str) -> None:
        """Told of each command that succeeded, right after its answer."""
        ...


Handler = Callable[[Memory, CommandEffects, Mapping[str, Any]], Outcome | Awaitable[Outcome]]


def update_user(memory: Memory, effects: CommandEffects, params: Mapping[str, Any]) -> Outcome:
    users = [_kept(user, _KEPT_USER_FIELDS) for user in params["users"]]
    for user in users:
        if "bioDatas" in user:
            taken, left_out = memory.bio.templates_taken(user["bioDatas"])
            user["bioDatas"] = [_kept(template, _TEMPLATE_FIELDS) for template in taken]
            if left_out:
                effects.left_out("cmd.data.update.user", left_out)
    try:
        memory.put_users(users)
    except StoreFull as error:
        return STORE_FULL, str(error)
    return DONE


def update_meeting(memory: Memory, effects: CommandEffects, params: Mapping[str, Any]) -> Outcome:
    meetings = [parse_meeting(item) for item in params["meeting"]]
    for meeting in meetings:
        if meeting.end < meeting.start:
            return BAD_VALUE, "a meeting ends before it starts"
    memory.put_meetings(meetings)
    return DONE


def update_members(memory: Memory, effects: CommandEffects, params: Mapping[str, Any]) -> Outcome:
    items = ((item["meetingId"], item) for item in params["members"])
    try:
        lists = belonging(items, memory.meetings, memory.ownership.meetings, "meeting")
    except UnknownOwner as error:
        return BAD_VALUE, str(error)
    for item in lists:
        memory.put_members(item["meetingId"], item["pins"])
    return DONE


def update_cards(memory: Memory, effects: CommandEffects, params: Mapping[str, Any]) -> Outcome:
    try:
        cards = _of_known_users(memory, params["multiCards"])
    except UnknownOwner as error:
        return BAD_VALUE, str(error)
    for card in cards:
        memory.put_card(card)
    return DONE


async def update_bio_photos(memory: Memory, effects: CommandEffects, params: Mapping[str, Any]) -> Outcome:
    """Every picture is fetched before one is kept, so that a failure leaves the memory as it was."""
    taken, left_out = memory.bio.photos_taken(params["bioPhotos"])
    if left_out:
        effects.left_out("cmd.data.update.bioPhoto", left_out)
    pictures = []
    try:
        photos = _of_known_users(memory, taken)
    except UnknownOwner as error:
        return BAD_VALUE, str(error)
    for item in photos:
        try:
            picture = await effects.download(item["url"], MAX_PHOTO_BYTES)
        except NetworkError as error:
            # Not whether a name is known here or who listens where: that is not for a platform to find out.
            said = error.kind if error.kind.startswith("http ") else "not reached"
            return DOWNLOAD_FAILED, f"download failed: {said}"
        if not picture.startswith(b"\xff\xd8"):
            effects.no_picture(item["url"])
            return DOWNLOAD_FAILED, "download failed: not a JPEG"
        pictures.append((item, len(picture)))
    try:
        memory.put_bio_photos(
            (photo_key(item["pin"], item["type"], item.get("no"), item.get("index")), size) for item, size in pictures
        )
    except StoreFull as error:
        return STORE_FULL, str(error)
    return DONE


def delete_users(memory: Memory, effects: CommandEffects, params: Mapping[str, Any]) -> Outcome:
    memory.delete_users(params["pins"])
    return DONE


def delete_bio_photos(memory: Memory, effects: CommandEffects, params: Mapping[str, Any]) -> Outcome:
    for item in params["bioPhotos"]:
        memory.delete_bio_photos(kind=item.get("type") or None, pin=item.get("pin") or None, no=item.get("no"))
    return DONE


def delete_cards(memory: Memory, effects: CommandEffects, params: Mapping[str, Any]) -> Outcome:
    memory.delete_cards(params["pins"])
    return DONE


def delete_meetings(memory: Memory, effects: CommandEffects, params: Mapping[str, Any]) -> Outcome:
    memory.delete_meetings(params["meetings"])
    return DONE


def delete_members(memory: Memory, effects: CommandEffects, params: Mapping[str, Any]) -> Outcome:
    memory.delete_members(params["meetingId"], params["pins"])
    return DONE


def delete_user_photos(memory: Memory, effects: CommandEffects, params: Mapping[str, Any]) -> Outcome:
    for pin in params["pins"]:
        memory.user_photos.pop(pin, None)
    return DONE


def query_user(memory: Memory, effects: CommandEffects, params: Mapping[str, Any]) -> Outcome:
    pin = params.get("pin")
    if pin:
        user = memory.user(pin)
        effects.upload_users([] if user is None else [user])
    else:
        effects.upload_users(list(memory.users()))
    return DONE


def clear_users(memory: Memory, effects: CommandEffects, params: Mapping[str, Any]) -> Outcome:
    memory.clear_users()
    return DONE


def clear_cards(memory: Memory, effects: CommandEffects, params: Mapping[str, Any]) -> Outcome:
    memory.clear_cards()
    return DONE


def clear_all(memory: Memory, effects: CommandEffects, params: Mapping[str, Any]) -> Outcome:
    memory.clear_all()
    return DONE


def set_options(memory: Memory, effects: CommandEffects, params: Mapping[str, Any]) -> Outcome:
    names = ("meetRoomName", "meetRoomManager", "meetRoomLocation", "meetRoomCapacity", "meetRoomManagerPin")
    memory.options.update({name: params["option"][name] for name in names if name in params["option"]})
    return DONE


def reboot(memory: Memory, effects: CommandEffects, params: Mapping[str, Any]) -> Outcome:
    effects.reboot()
    return DONE


def sync_time(memory: Memory, effects: CommandEffects, params: Mapping[str, Any]) -> Outcome:
    effects.ask_for_time()
    return DONE


HANDLERS: Mapping[str, Handler] = {
    "cmd.data.update.user": update_user,
    "cmd.data.update.meeting": update_meeting,
    "cmd.data.update.meetingMember": update_members,
    "cmd.data.update.multiCard": update_cards,
    "cmd.data.update.bioPhoto": update_bio_photos,
    "cmd.data.delete.user": delete_users,
    "cmd.data.delete.bioPhoto": delete_bio_photos,
    "cmd.data.delete.multiCard": delete_cards,
    "cmd.data.delete.meeting": delete_meetings,
    "cmd.data.delete.meetingMember": delete_members,
    "cmd.data.delete.userPhoto": delete_user_photos,
    "cmd.data.query.user": query_user,
    "cmd.data.clear.user": clear_users,
    "cmd.data.clear.multiCard": clear_cards,
    "cmd.data.clear.all": clear_all,
    "cmd.option.set": set_options,
    "cmd.control.reboot": reboot,
    "cmd.system.sync.time": sync_time,
}
"""One handler for every command of the catalogue (a test compares the two)."""


def _of_known_users(memory: Memory, items: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Those of `items` that are kept, by their users."""
    return belonging(((item["pin"], item) for item in items), memory, memory.ownership.persons, "user")


def _kept(item: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """The members of `names` that are there; an empty string counts as absent."""
    return {name: item[name] for name in names if item.get(name)}
