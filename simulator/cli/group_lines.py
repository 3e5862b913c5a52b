"""What `best-fleet check` tells of a group's wrong clocks, failures, options and attendance, in a short line each."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from simulator.texts.translation import _, pgettext

if TYPE_CHECKING:
    from simulator.fields.section import Section
    from simulator.scenario.scenario import Scenario
    from simulator.scenario.sections.group import GroupSection

_LEAST_SPREAD_S = 1.0 / math.sqrt(2.0 * math.pi)
"""Where people come closer together than this, all of them count as coming within a second."""


def lines(group: "GroupSection") -> Iterator[tuple[str, str]]:
    """The name and the text of each line; none for what the group does not set."""
    from simulator.device.entrance import READ

    if group.attendance is not None:
        yield "attendance", written(group.attendance) or _("the usual shares")
    if group.clock is not None:
        yield "clock", written(group.clock) or pgettext("clock", "right")
    if group.command_failures is not None:
        yield "failures", written(group.command_failures) or _("none")
    # Others are told to the platform and change nothing; some may hold what is nobody's business.
    options = [f"{name} {group.options[name]}" for name in group.options if name in READ or name.startswith("multiBio")]
    if options:
        yield "options", ", ".join(options)


def written(section: "Section") -> str:
    """What is set in a section, as `absent 8%, arrive (mean -4min, spread 3min)`."""
    from simulator.fields.section import Section, shown_of

    said = section.model_fields_set
    values = [(name, getattr(section, name), shown_of(field)) for name, field in type(section).model_fields.items()]
    values += [(name, value, None) for name, value in (section.model_extra or {}).items()]
    parts = []
    for name, value, shown in values:
        if name not in said or value is None:
            continue
        if isinstance(value, Section):
            parts.append(f"{name} ({written(value)})")
        else:
            parts.append(f"{name} {value if shown is None else shown.write(value)}")
    return ", ".join(parts)


def attendance_peak(scenario: "Scenario", group: "GroupSection") -> float | None:
    """About how many messages a second a device of the group sends while most people come to a meeting, or leave it.

    `None` where it cannot be told: the meetings are another platform's, or pushed ones.
    """
    attendance = group.attendance
    if attendance is None:
        return 0.0
    platform = scenario.document.platform
    planned = scenario.embedded and platform.meetings.count > 0
    if not planned and not group.meetings:
        return None
    members = max(
        min(platform.members, platform.users) if planned else 0, *(meeting.members for meeting in group.meetings), 0
    )
    come = members * (1.0 - attendance.absent)
    spread = max(min(attendance.arrive.spread, attendance.leave.spread), _LEAST_SPREAD_S)
    return come * (1.0 + attendance.photo_share) / (spread * math.sqrt(2.0 * math.pi))
