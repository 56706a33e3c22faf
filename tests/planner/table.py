"""The table of situations, as text: what is wanted and seen, and the plan that follows."""

from controller.planner import View
from tests.planner.table_container import CONTAINER_ROWS
from tests.planner.table_image import IMAGE_ROWS
from tests.planner.table_record import RECORD_ROWS

TABLE: dict[str, tuple[View, str]] = {**RECORD_ROWS, **IMAGE_ROWS, **CONTAINER_ROWS}
