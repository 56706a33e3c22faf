"""Quotas: how much one token may have at a time. Counted in the transaction that adds to it."""

from sqlalchemy import func, select

from api.resources.build import BuildState
from api.resources.token import Requester
from api.store import tables
from api.store.database import Transaction
from api.store.errors import QuotaExceeded


def check_playgrounds(transaction: Transaction, requester: Requester | None) -> None:
    """Before one is added. Raises QuotaExceeded."""
    table = tables.playground
    if requester is None or requester.max_playgrounds is None:
        return
    own = select(func.count()).select_from(table).where(table.c.created_by == requester.name)
    if transaction.scalar(own) >= requester.max_playgrounds:
        raise QuotaExceeded(requester.name, requester.max_playgrounds, "playgrounds", "Delete one of them first.")


def check_builds(transaction: Transaction, requester: Requester | None) -> None:
    """Before one is added. Raises QuotaExceeded."""
    table = tables.build
    if requester is None or requester.max_builds is None:
        return
    pending = table.c.state == str(BuildState.PENDING)
    own = select(func.count()).select_from(table).where(table.c.created_by == requester.name).where(pending)
    if transaction.scalar(own) >= requester.max_builds:
        raise QuotaExceeded(requester.name, requester.max_builds, "open builds", "Wait for one, or cancel it.")
