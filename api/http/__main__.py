"""`python -m api.http`: the API in an interpreter of its own, configured by environment and file alone."""

import sys

import structlog

from api.http.serve import serve
from api.settings import Settings
from api.store import StoreError
from api.supervised import end_with_supervisor
from api.telemetry import configure_logging


def main() -> int:
    """Serves; the exit code. What can be expected to go wrong is one line of the log, not a traceback."""
    end_with_supervisor()
    settings = Settings()
    configure_logging(settings.log_level, settings.log_format, process="api")
    try:
        serve(settings)
    except (OSError, StoreError) as error:
        structlog.get_logger(__name__).error("api failed", error=str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
