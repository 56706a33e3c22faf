"""How much there is of what: for metrics."""

from api.resources.build import BuildState
from api.resources.phase import Phase
from api.resources.value import Value


class Statistics(Value):
    """Counts as of one instant."""

    phases: dict[Phase, int]
    builds: dict[BuildState, int]
    reserved_ports: int
    quarantined_ports: int
    journal_rows: int
