"""Rules that settings must keep together, where each alone looks fine."""

from collections.abc import Callable, Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from config.mistakes import Mistake
from config.settings import Settings
from config.variables import Place, name_of

# What a proxy needs on top of our own waiting: connecting, and sending the picture.
_PROXY_MARGIN = 15


def cross_check(settings: Settings) -> list[Mistake]:
    """Every broken rule."""
    return [mistake for rule in _RULES for mistake in rule(settings)]


def _proxy_outlasts_waiting(settings: Settings) -> Iterator[Mistake]:
    wait, proxy = settings.live.wait, settings.server.proxy_read_timeout
    if wait + _PROXY_MARGIN >= proxy:
        yield _mistake(
            f"{name_of('live', 'wait')}: {wait} s and {_PROXY_MARGIN} s more are not below the "
            f"proxy's read timeout, {proxy:g} s; lower it, or raise proxy_read_timeout in "
            f"nginx.conf and {name_of('server', 'proxy_read_timeout')} together.",
            Place("live", "wait"),
            Place("server", "proxy_read_timeout"),
        )


def _deadlines_nest(settings: Settings) -> Iterator[Mistake]:
    generator, patience = settings.generator, settings.cache.flight_patience
    if generator.call_timeout >= generator.deadline:
        yield _mistake(
            f"{name_of('generator', 'deadline')}: {generator.deadline:g} s is not above the time "
            f"of one provider call, {generator.call_timeout:g} s; raise it, or lower "
            f"{name_of('generator', 'call_timeout')}.",
            Place("generator", "call_timeout"),
            Place("generator", "deadline"),
        )
    if generator.deadline > patience:
        yield _mistake(
            f"{name_of('generator', 'deadline')}: {generator.deadline:g} s is above a flight's "
            f"patience, {patience:g} s; raise {name_of('cache', 'flight_patience')} to at least "
            f"{generator.deadline:g}.",
            Place("generator", "deadline"),
            Place("cache", "flight_patience"),
        )


def _processes_share_redis(settings: Settings) -> Iterator[Mistake]:
    if settings.server.processes > 1 and settings.redis.url is None:
        yield _mistake(
            f"WEB_CONCURRENCY: {settings.server.processes} processes would each pay for the same "
            "picture; set REDIS_URL=redis://… so that they work as one, or WEB_CONCURRENCY=1.",
            Place("server", "processes"),
            Place("redis", "url"),
        )


def _generator_has_its_credential(settings: Settings) -> Iterator[Mistake]:
    generator = settings.generator_name
    if generator == "replicate" and settings.replicate.token is None:
        yield _mistake(
            "EDGE_GENERATOR: replicate needs a token; set REPLICATE_API_TOKEN, or "
            "EDGE_GENERATOR=painter.",
            Place("generator", "name"),
            Place("replicate", "token"),
        )
    if generator != "openai":
        return
    concerned = (Place("generator", "name"), Place("openai", "key"), Place("generator", "model"))
    if settings.openai.key is None:
        yield _mistake("EDGE_GENERATOR: openai needs a key; set OPENAI_API_KEY.", *concerned)
    if settings.generator.model is None:
        yield _mistake(
            "EDGE_MODEL: openai needs the name of a model; set EDGE_MODEL, for example "
            "EDGE_MODEL=gpt-image-1.",
            *concerned,
        )
    why = "OPENAI_API_KEY" if settings.generator.name is None else "EDGE_GENERATOR"
    yield _mistake(
        f"{why}: the openai generator is not part of this version yet; set "
        "EDGE_GENERATOR=painter, or REPLICATE_API_TOKEN.",
        *concerned,
    )


def _model_is_in_the_table(settings: Settings) -> Iterator[Mistake]:
    generator, wanted = settings.generator_name, settings.default_model
    if generator == "openai":
        return
    # The painter stands in for every model, so that the page is the same once there is a token.
    known = sorted(
        name
        for name, row in settings.models.items()
        if generator in {row.generator, settings.painter.generator}
    )
    if wanted not in known:
        yield _mistake(
            f'EDGE_MODEL: the table has no model "{wanted}" for {generator}; known are '
            f'{", ".join(known) or "none"}. Add it as [models."{wanted}"] to the file that '
            "EDGE_CONFIG names.",
            Place("generator", "model"),
            Place("replicate", "default_model"),
        )


def _token_travels_encrypted(settings: Settings) -> Iterator[Mistake]:
    address = urlsplit(settings.replicate.base_url or "")
    if address.scheme == "http" and not _is_loopback(address.hostname or ""):
        yield _mistake(
            "REPLICATE_BASE_URL: over plain http everybody on the way could read the token; use "
            "an https URL (http is for this machine alone).",
            Place("replicate", "base_url"),
        )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _store_credentials_are_whole(settings: Settings) -> Iterator[Mistake]:
    store = settings.store
    if (store.access_key_id is None) != (store.secret_access_key is None):
        yield _mistake(
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: only one of them is set; set both, or "
            "neither for an instance role.",
            Place("store", "access_key_id"),
            Place("store", "secret_access_key"),
        )


def _mistake(sentence: str, *concerns: Place) -> Mistake:
    return Mistake(sentence, frozenset(concerns))


_RULES: tuple[Callable[[Settings], Iterator[Mistake]], ...] = (
    _proxy_outlasts_waiting,
    _deadlines_nest,
    _processes_share_redis,
    _generator_has_its_credential,
    _model_is_in_the_table,
    _token_travels_encrypted,
    _store_credentials_are_whole,
)
