"""Builds the services behind the REST API's records: images, flows, aliases, uploads, keys."""

from cache.readthrough import ReadThrough
from config.settings import Settings
from core.aliases import Aliases
from core.flows import Flows
from core.idempotency import Idempotency
from core.images import Images
from core.imaging import Limits
from core.keys import Keys
from core.records.records import Records
from core.uploads import Uploads
from edge.state import LibraryState


def library(settings: Settings, log: Records, cache: ReadThrough) -> LibraryState:
    """Over these records and the pictures of this cache."""
    aliases = Aliases(log.images, log.flows)
    return LibraryState(
        aliases=aliases,
        images=Images(log.images, aliases, cache),
        uploads=Uploads(log.images, log.flows, cache, Limits(max_bytes=settings.uploads.max_bytes)),
        flows=Flows(log.flows, log.library, log.images),
        keys=Keys(log.keys, log.tenants, models=tuple(settings.models)),
        idempotency=Idempotency(log.idempotency),
    )
