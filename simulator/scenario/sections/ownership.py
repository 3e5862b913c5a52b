"""What devices do with what refers to somebody or something that they do not know, as a group says it."""

from typing import Literal

from pydantic import Field

from simulator.device.ownership import Ownership, Unknown
from simulator.fields.section import Section

Answer = Literal["keep", "refuse", "ignore"]


class UnknownSection(Section):
    """What becomes of what belongs to somebody unknown: `keep` waits for the owner, `refuse` answers `E0000004` and
    keeps nothing of the command, `ignore` leaves it out and succeeds."""

    persons: Answer = Field(default="keep", description="Cards and biometric photos of unknown users.")
    meetings: Answer = Field(default="keep", description="Members of unknown meetings.")

    def ownership(self, *, members_replace: bool) -> Ownership:
        """With what a second list of members does."""
        return Ownership(
            persons=Unknown(self.persons), meetings=Unknown(self.meetings), members_replace=members_replace
        )
