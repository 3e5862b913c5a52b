"""Who goes first where a machine has more processes than cores: the master.

Workers wait for it: a master that is starved answers nobody, takes living workers for lost and lets their leases run
out. It needs little, and gets that as soon as it wants it, if its workers are a little less important.
"""

import os

from simulator.fleet.platform_size import cores

NICENESS = 5
"""A third of the master's share, where both want a core."""


def give_way(processes: int | None) -> bool:
    """Lower this worker's priority if it is one of so many on this machine that they have to share its cores.

    Args:
        processes: how many workers this machine's master has forked; None where nobody forked this one.

    Returns:
        Whether it was done.
    """
    if processes is None or processes <= cores():
        return False
    os.nice(NICENESS)
    return True
