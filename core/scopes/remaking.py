"""Makes the pictures behind a scope's live URLs anew: the new one first, then the exchange."""

from dataclasses import dataclass, replace

from cache.entry import Key
from cache.errors import CacheError
from cache.readthrough import Found, ReadThrough
from core.catalog import Catalog
from core.errors import NotFound
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
from core.scopes.exchange import Exchange, Exchanges, Swap
from core.scopes.ports import LivePicture, LivePictureLibrary, LivePictures, Replacements
from core.spending.foresight import Foresight
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
        foresight: Foresight,
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
        self._foresight = foresight
        self._work = work
        self._library = library
        self._pictures = pictures
        self._purges = purges
        self._exchanges = Exchanges(cache, pictures, replacements, purges)
        self._version = version

    async def regenerate(self, owner: Owner, scope: Scope, wanted: Wanted) -> Remade:
        """Begin the work, which goes on without its caller: what comes of it is on record.

        The picture that is there stays until another is stored. Asked again meanwhile, it is the
        same work. Raises NotFound (IMAGE_NOT_FOUND), Invalid (cursor, model), Forbidden,
        SpendingNotAllowed, StoreDown; RateLimitExceeded, BudgetExhausted and CoordinatorDown where
        not even the first picture would be made.
        """
        visitor = Visitor(owner.project, key=owner.key, scope=scope)
        # Before the pictures are looked up: a purge from now on wins.
        number = await self._purges.number()
        if wanted.request is not None:
            targets = [await self._asked(visitor, wanted.request)]
            found = LivePictures((), 0, None)
        else:
            self._spending.ensure_allowed(visitor, self._catalog.default)
            found = await self._listed(visitor, scope, wanted)
            targets = [self._target(one) for one in found.pictures]
        begun = list({each.place: each for each in targets}.values())
        if begun:
            await self._ensure_payable(visitor, begun[0])
        generations = [await self._begin(visitor, target, number) for target in begun]
        return Remade(tuple(generations), found.remaining, found.next_cursor)

    async def _asked(self, visitor: Visitor, request: LiveRequest) -> _Target:
        """The picture of a live request, whoever had it made."""
        ask = self._live.decide(visitor, request)
        self._spending.ensure_allowed(visitor, ask.model)
        found = await self._lookup(ask.key)
        if found is None:
            raise NotFound("IMAGE")
        anew = replace(request, seed=None)
        return _Target(anew, ask.model, ask.key, found.entry.meta["image"])

    async def _lookup(self, key: Key) -> Found | None:
        try:
            return await self._cache.lookup(key)
        except CacheError as error:
            raise public(error) from error

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

    async def _ensure_payable(self, visitor: Visitor, target: _Target) -> None:
        """Unless it is under way, or was paid for and could not change places."""
        key = self._key_of(visitor.project, target)
        if await self._foresight.is_under_way(visitor.project.id, key):
            return
        if await self._lookup(key) is not None:
            return
        account = account_of(visitor, target.model)
        await self._foresight.ensure_rate(account)
        await self._foresight.ensure_budgets(account, target.model.price_micros)

    def _key_of(self, project: Project, target: _Target) -> Key:
        """The new picture's identity is made of the one it replaces: whoever means the same, in
        whichever process, joins the same flight and pays for nothing."""
        variation = f"live/{target.image_id}"
        canonical = identity_of(
            project.path, target.model, target.request, self._version, variation=variation
        )
        return key_of(canonical)

    async def _begin(self, visitor: Visitor, target: _Target, number: int) -> Generation:
        project, key = visitor.project, self._key_of(visitor.project, target)
        under_way = await self._pictures.under_way(project.id, key.identity)
        if under_way is not None and self._work.carries(under_way.id):
            return under_way
        await self._cache.forgive(key)
        order = _order(visitor, target, key)
        generation = replace(generation_of(order, target.request.prompt), status="pending")
        await self._library.insert(generation)
        swap = Swap(project, order.scope_id, target.place, target.image_id, key, number)
        job = self._work.start(
            replace(order, generation=generation),
            generation,
            before=None,
            landing=Exchange(self._exchanges, swap),
        )
        # Its caller goes away with its id: the record stays, whatever comes of it.
        await job.wait(0)
        return generation


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
