"""Makes the pictures behind a scope's live URLs anew: the new one first, then the exchange."""

from dataclasses import dataclass, replace

import structlog

from cache.entry import Entry, Key
from cache.errors import CacheError
from cache.readthrough import ReadThrough
from core.catalog import Catalog
from core.errors import EdgeError, NotFound
from core.failures import public
from core.generations.requests import Owner
from core.generations.work import GenerationWork
from core.identity import identity_of, key_of
from core.live import Live
from core.live_request import LiveRequest
from core.models import Generation, Model, Project, Scope
from core.ports import PurgeWatch
from core.rendering.orders import Order, generation_of
from core.rest_ports import GenerationLibrary
from core.scopes.ports import LivePicture, LivePictureLibrary, LivePictures, Replacements
from core.spending.permission import Spending, account_of
from core.spending.visitor import Visitor

# Pictures of one call.
AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which pictures: one by its image, the one of a live request, or without either the newest of
    the scope, from where ``cursor`` says."""

    image_id: str | None = None
    request: LiveRequest | None = None
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Remade:
    """The work that was begun, or was under way; how many pictures are left for the next call."""

    generations: tuple[Generation, ...]
    remaining: int
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class _Target:
    """A picture to be exchanged: how it was asked for, and the live key it stands behind."""

    request: LiveRequest
    model: Model
    place: Key
    image_id: str


class Remaking:
    """``version`` is the prompt enhancer's."""

    def __init__(
        self,
        *,
        cache: ReadThrough,
        live: Live,
        catalog: Catalog,
        spending: Spending,
        work: GenerationWork,
        library: GenerationLibrary,
        pictures: LivePictureLibrary,
        replacements: Replacements,
        purges: PurgeWatch,
        version: str,
    ) -> None:
        self._cache = cache
        self._live = live
        self._catalog = catalog
        self._spending = spending
        self._work = work
        self._library = library
        self._pictures = pictures
        self._replacements = replacements
        self._purges = purges
        self._version = version

    async def regenerate(self, owner: Owner, scope: Scope, wanted: Wanted) -> Remade:
        """Begin the work, which goes on without its caller: what comes of it is on record.

        The picture that is there stays until another is stored. Asked again meanwhile, it is the
        same work. Raises NotFound (IMAGE_NOT_FOUND), Invalid (cursor, model), Forbidden,
        SpendingNotAllowed, StoreDown.
        """
        visitor = Visitor(owner.project, key=owner.key, scope=scope)
        if wanted.request is not None:
            targets = [await self._asked(visitor, wanted.request)]
            found = LivePictures((), 0, None)
        else:
            self._spending.ensure_allowed(visitor, self._catalog.default)
            found = await self._listed(visitor, scope, wanted)
            targets = [self._target(one) for one in found.pictures]
        number = await self._purges.number()
        begun = {each.place: each for each in targets}
        generations = [await self._begin(visitor, target, number) for target in begun.values()]
        return Remade(tuple(generations), found.remaining, found.next_cursor)

    async def _asked(self, visitor: Visitor, request: LiveRequest) -> _Target:
        """The picture of a live request, whoever had it made."""
        ask = self._live.decide(visitor, request)
        self._spending.ensure_allowed(visitor, ask.model)
        try:
            found = await self._cache.lookup(ask.key)
        except CacheError as error:
            raise public(error) from error
        if found is None:
            raise NotFound("IMAGE")
        anew = replace(request, seed=None)
        return _Target(anew, ask.model, ask.key, found.entry.meta["image"])

    async def _listed(self, visitor: Visitor, scope: Scope, wanted: Wanted) -> LivePictures:
        project_id = visitor.project.id
        if wanted.image_id is None:
            return await self._pictures.of_scope(
                project_id,
                scope.id,
                models=self._models(visitor),
                limit=AT_ONCE,
                cursor=wanted.cursor,
            )
        one = await self._pictures.one_of_scope(project_id, scope.id, wanted.image_id)
        if one is None or (one.generation.model, one.generation.model_version) not in self._models(
            visitor
        ):
            raise NotFound("IMAGE")
        return LivePictures((one,), 0, None)

    def _models(self, visitor: Visitor) -> frozenset[tuple[str, str]]:
        """Names and versions that live URLs mean today, of those that are allowed here. Pictures
        of others stand behind no URL any more: making them anew would show nobody anything."""
        known = (self._catalog.resolve(name) for name in self._catalog.names)
        limits = [
            allowed
            for allowed in (
                visitor.key.allowed_models if visitor.key else None,
                visitor.scope.allowed_models if visitor.scope else None,
            )
            if allowed is not None
        ]
        return frozenset(
            (model.name, model.version)
            for model in known
            if all(model.name in allowed for allowed in limits)
        )

    def _target(self, picture: LivePicture) -> _Target:
        made = picture.generation
        request = LiveRequest(
            prompt=made.original_prompt,
            ratio=made.ratio,
            model=made.model,
            auto_enhance=made.auto_enhance,
            template=made.template,
        )
        model = self._catalog.resolve(made.model)
        return _Target(request, model, picture.key, picture.image.id)

    async def _begin(self, visitor: Visitor, target: _Target, number: int) -> Generation:
        """The new picture's identity is made of the one it replaces: whoever means the same, in
        whichever process, joins the same flight and pays for nothing."""
        project = visitor.project
        variation = f"live/{target.image_id}"
        canonical = identity_of(
            project.path, target.model, target.request, self._version, variation=variation
        )
        key = key_of(canonical)
        under_way = await self._pictures.under_way(project.id, key.identity)
        if under_way is not None and self._work.carries(under_way.id):
            return under_way
        await self._cache.forgive(key)
        order = _order(visitor, target, key)
        generation = replace(generation_of(order, target.request.prompt), status="pending")
        await self._library.insert(generation)
        job = self._work.start(
            replace(order, generation=generation),
            generation,
            before=None,
            landing=_Exchange(self, project, target.place, key, number),
        )
        # Its caller goes away with its id: the record stays, whatever comes of it.
        await job.wait(0)
        return generation

    async def place(self, project: Project, place: Key, entry: Entry, number: int) -> bool:
        """Put the picture behind the live URL, unless that was purged after ``number``: a purge
        during the work wins. Whether it stands there."""
        async with self._cache.placing(place) as slot:
            if await self._purges.purged_since(project.id, place.slot, number):
                return False
            await slot.put(replace(entry, identity=place.identity))
            if await self._purges.purged_since(project.id, place.slot, number):
                await slot.clear()
                return False
            await self._replacements.replaced(project, place)
            return True

    async def settle(self, place: Key, generation: Generation, key: Key) -> None:
        """The records follow; where the picture was made it need not stand any longer."""
        assert generation.output_image_id is not None
        await self._pictures.take_place(
            generation.project_id, generation.id, generation.output_image_id, place
        )
        await self._cache.forget(key)


class _Exchange:
    """The landing of one new picture: ``key`` is its own, ``place`` the live URL's."""

    def __init__(
        self, remaking: Remaking, project: Project, place: Key, key: Key, number: int
    ) -> None:
        self._remaking = remaking
        self._project = project
        self._place = place
        self._key = key
        self._number = number
        self._placed = False
        self._log = structlog.get_logger("remaking")

    async def arrived(self, entry: Entry) -> None:
        """Before its record says so: who sees it done finds it behind the URL."""
        if self._placed:
            return
        try:
            self._placed = await self._remaking.place(
                self._project, self._place, entry, self._number
            )
        except (CacheError, EdgeError):
            # Asked again it costs nothing: the new picture is there, it only has to change places.
            self._log.exception("picture_not_placed", slot=self._place.slot)

    async def recorded(self, generation: Generation) -> None:
        if not self._placed:
            self._log.warning("picture_not_exchanged", generation=generation.id)
            return
        await self._remaking.settle(self._place, generation, self._key)


def _order(visitor: Visitor, target: _Target, key: Key) -> Order:
    account = account_of(visitor, target.model)
    return Order(
        key=key,
        project=visitor.project,
        request=target.request,
        model=target.model,
        payer=account.payer,
        # It is a live URL's once it stands behind one.
        origin="rest",
        key_id=account.key_id,
        scope_id=account.scope_id,
        budgets=account.budgets,
        allowance=account.allowance,
    )
