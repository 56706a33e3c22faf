"""A process under `playground-server run` does not outlive it, even when it is killed: it would hold the ports."""

import ctypes
import os
import signal
import sys

SUPERVISOR_VARIABLE = "PLAYGROUND_SUPERVISOR_PID"
_PR_SET_PDEATHSIG = 1


def end_with_supervisor() -> None:
    """Have the kernel send us SIGTERM when the supervisor is gone (prctl(2), Linux). Without one, nothing happens.

    Raises:
        SystemExit: when it is gone already.
    """
    supervisor = os.environ.pop(SUPERVISOR_VARIABLE, "")
    if not supervisor.isdigit() or not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    if os.getppid() != int(supervisor):
        raise SystemExit("playground-server run has ended.")
