"""What a group's devices hold at first must have room in them."""

from collections.abc import Iterator

from simulator.device.bio_support import bio_support
from simulator.device.memory import FINGERPRINT
from simulator.device.people import has_template
from simulator.scenario.sections.group import GroupSection
from simulator.texts.translation import _


def beyond_capacity(group: GroupSection) -> Iterator[str]:
    """What of the first users of the merged `group` has no room."""
    if group.users > group.capacities.users:
        yield _(
            "{users} users are more than the {users2} that `capacities.users` allows",
            users=group.users,
            users2=group.capacities.users,
        )
        return
    bio = bio_support(group.settings())
    if FINGERPRINT not in bio.template_types:
        return
    templates, room = sum(map(has_template, range(group.users))), bio.max_templates[FINGERPRINT]
    if templates > room:
        yield (
            _(
                "{users} users have {templates} fingerprints, more than the {room} that `capacities.templates` or "
                "`options.maxMultiBioDataCount` allows",
                users=group.users,
                templates=templates,
                room=room,
            )
        )
