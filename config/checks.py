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
    if generator == "openai" and settings.openai.key is None:
        yield _mistake(
            "EDGE_GENERATOR: openai needs a key; set OPENAI_API_KEY (any word for a server that "
            "asks for none), or EDGE_GENERATOR=painter.",
            Place("generator", "name"),
            Place("openai", "key"),
        )
    if generator == "openai" and settings.generator.model is None:
        yield _mistake(
            "EDGE_MODEL: openai needs the name of a model; set EDGE_MODEL, for example "
            f"EDGE_MODEL={_models_of(settings, generator)[0]}.",
            Place("generator", "name"),
            Place("generator", "model"),
        )


def _model_is_in_the_table(settings: Settings) -> Iterator[Mistake]:
    generator, wanted = settings.generator_name, settings.default_model
    if generator == "openai" and settings.generator.model is None:
        return
    known = _models_of(settings, generator)
    if wanted not in known:
        yield _mistake(
            f'EDGE_MODEL: the table has no model "{wanted}" for {generator}; known are '
            f'{", ".join(known) or "none"}. Add it as [models."{wanted}"] to the file that '
            "EDGE_CONFIG names.",
            Place("generator", "model"),
            Place("replicate", "default_model"),
        )


def _models_of(settings: Settings, generator: str) -> list[str]:
    # The painter stands in for every model, so that the page is the same once there is a token.
    return sorted(
        name
        for name, row in settings.models.items()
        if generator in {row.generator, settings.painter.generator}
    )


def _enhancer_is_whole(settings: Settings) -> Iterator[Mistake]:
    enhancer = settings.enhancer
    name, model = name_of("enhancer", "name"), name_of("enhancer", "model")
    if enhancer.name in {"off", "rules"}:
        return
    key, variable = settings.openai.key, "OPENAI_API_KEY"
    place, example = Place("openai", "key"), "gpt-4.1-mini"
    if enhancer.name == "replicate":
        key, variable = settings.replicate.token, "REPLICATE_API_TOKEN"
        place, example = Place("replicate", "token"), "meta/meta-llama-3-8b-instruct"
    if key is None:
        yield _mistake(
            f"{name}: {enhancer.name} needs a credential; set {variable}, or {name}=rules.",
            Place("enhancer", "name"),
            place,
        )
    if enhancer.model is None or (enhancer.name == "replicate" and "/" not in enhancer.model):
        yield _mistake(
            f"{model}: {enhancer.name} needs the name of a language model; set for example "
            f"{model}={example}.",
            Place("enhancer", "name"),
            Place("enhancer", "model"),
        )


def _tokens_travel_encrypted(settings: Settings) -> Iterator[Mistake]:
    address = urlsplit(settings.replicate.base_url or "")
    if address.scheme == "http" and not _is_loopback(address.hostname or ""):
        yield _mistake(
            "REPLICATE_BASE_URL: over plain http everybody on the way could read the token; use "
            "an https URL (http is for this machine alone).",
            Place("replicate", "base_url"),
        )
    address = urlsplit(settings.openai.base_url or "")
    if address.scheme == "http" and not _is_private(address.hostname or ""):
        yield _mistake(
            "OPENAI_BASE_URL: over plain http everybody on the way could read the key; use an "
            "https URL (http is for this machine and private networks).",
            Place("openai", "base_url"),
        )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_private(host: str) -> bool:
    try:
        return ip_address(host).is_private
    except ValueError:
        # A name without a dot is known to its own network only.
        return "." not in host


def _webhook_is_whole(settings: Settings) -> Iterator[Mistake]:
    purge = settings.purge
    url, style, token = (
        name_of("purge", name) for name in ("webhook_url", "webhook_style", "webhook_token")
    )
    if purge.webhook_url is None:
        return
    if purge.webhook_style in {"cloudflare", "fastly", "bunny"} and purge.webhook_token is None:
        yield _mistake(
            f"{style}: {purge.webhook_style} wants an API token; set {token}.",
            Place("purge", "webhook_style"),
            Place("purge", "webhook_token"),
        )
    address = urlsplit(purge.webhook_url)
    if address.scheme == "http" and not _is_private(address.hostname or ""):
        yield _mistake(
            f"{url}: over plain http everybody on the way could read the token; use an https URL "
            "(http is for this machine and private networks).",
            Place("purge", "webhook_url"),
        )
    if address.username is not None or address.password is not None:
        yield _mistake(
            f"{url}: it is no place for credentials; set {token}.", Place("purge", "webhook_url")
        )


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
    _enhancer_is_whole,
    _tokens_travel_encrypted,
    _store_credentials_are_whole,
    _webhook_is_whole,
)
