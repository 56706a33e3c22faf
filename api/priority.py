"""Who goes first where the processor is short: those whom somebody waits for, before builds and starts.

Linux shares the processor out between sessions first (sched(7), "autogroup"); a niceness alone says nothing to a
process of another session. So a server's process that leads one of its own takes the niceness for that, too.
"""

import os
from contextlib import suppress
from pathlib import Path

NICE = -10
"""Nine times the share of one that has none."""
_SESSION = Path("/proc/self/autogroup")


def go_first() -> None:
    """Go before what works beside us. Only root may; a service manager has settings for it (`Nice=`, `CPUWeight=`).

    A session that somebody else leads, a shell say, is left as it is.
    """
    if os.geteuid() != 0:
        return
    with suppress(OSError):  # a container's root may not
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
        if os.getsid(0) == os.getpid():
            _SESSION.write_text(str(NICE))
