"""`python -m bench.first COMMAND …`: becomes the command, and goes before what works beside it, as the API does.

A client of the API sits on another machine: where it would wait for this machine's processor, that is no reply's time.
"""

import os
import sys

from api.priority import go_first

if __name__ == "__main__":
    os.setsid()
    go_first()
    os.execvp(sys.argv[1], sys.argv[1:])
