"""The tables of the records, one schema for SQLite and PostgreSQL, gathered on one page.

Ids are UUIDv7 text, money is whole micro-dollars, enumerations are checked text, and every
constraint has a name, so that later revisions can change it on both databases.
"""

from core.records.columns import metadata
from core.records.derivative_tables import derivatives
from core.records.flow_tables import (
    flow_aliases,
    flows,
    generation_history,
    generation_references,
    idempotency_keys,
)
from core.records.money_tables import budget_windows, ledger
from core.records.picture_tables import generations, images
from core.records.purge_tables import purge_clock, purge_deliveries, purges, tombstones
from core.records.tenant_tables import api_keys, organizations, projects, scopes
from core.records.usage_tables import hit_counts

__all__ = [
    "api_keys",
    "budget_windows",
    "derivatives",
    "flow_aliases",
    "flows",
    "generation_history",
    "generation_references",
    "generations",
    "hit_counts",
    "idempotency_keys",
    "images",
    "ledger",
    "metadata",
    "organizations",
    "projects",
    "purge_clock",
    "purge_deliveries",
    "purges",
    "scopes",
    "tombstones",
]
