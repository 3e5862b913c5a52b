"""What the document only names: messages that we declared ourselves, sent by devices that were told to.

Nobody lists or sends them unless a scenario asks for it (docs/deviations.md, Extensions).
"""

from simulator.protocol.catalogue import formats as f
from simulator.protocol.catalogue.spec import Direction, MessageSpec, Object, Objects, required

EXTENSIONS = (
    MessageSpec(
        func_id="dev.option.upload",
        direction=Direction.TO_PLATFORM,
        section="设备上报",
        summary="Options of the device: what it is set to, and what cmd.option.set told it of its room.",
        params=Object(
            (
                required(
                    "options",
                    Objects(
                        Object(
                            (
                                required("name", f.TEXT, "Name, as in dev.report or cmd.option.set."),
                                required("value", f.TEXT, "Value."),
                            )
                        )
                    ),
                    "The options.",
                ),
            )
        ),
        extension=True,
    ),
)
