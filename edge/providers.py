"""Opens whoever makes pictures and whoever makes prompts fuller, and names the models there are."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext

from pydantic import SecretStr

from config.models import ModelRow
from config.settings import Settings
from core.enhancers.openai_enhancer import open_openai_enhancer
from core.enhancers.plain_enhancer import PlainEnhancer
from core.enhancers.replicate_enhancer import open_replicate_enhancer
from core.generators.openai_generator import open_openai
from core.generators.painter import Painter
from core.generators.replicate_generator import Pace, open_replicate
from core.models import Model
from core.ports import Enhancer, Generator
from core.rendering.rule_enhancer import RuleEnhancer


@asynccontextmanager
async def generator(settings: Settings) -> AsyncIterator[Generator]:
    """The generator in effect."""
    wanted = settings.generator
    match settings.generator_name:
        case "replicate":
            async with open_replicate(
                _plain(settings.replicate.token),
                base_url=settings.replicate.base_url or "",
                cancel_after=wanted.deadline,
                max_bytes=wanted.download_max_bytes,
                pace=Pace(call=wanted.call_timeout, connect=wanted.connect_timeout),
            ) as replicate:
                yield replicate
        case "openai":
            # Its one call is the whole generation, so that has the generation's deadline.
            async with open_openai(
                _plain(settings.openai.key),
                base_url=settings.openai.base_url or "",
                deadline=wanted.deadline,
                connect_timeout=wanted.connect_timeout,
                max_bytes=wanted.download_max_bytes,
            ) as openai:
                yield openai
        case _:
            yield Painter()


def enhancer(settings: Settings) -> AbstractAsyncContextManager[Enhancer]:
    """The prompt enhancer in effect."""
    wanted = settings.enhancer
    times = {
        "timeout": wanted.timeout,
        "connect_timeout": min(wanted.timeout, settings.generator.connect_timeout),
    }
    match wanted.name:
        case "openai":
            key, server = _plain(settings.openai.key), settings.openai.base_url or ""
            return open_openai_enhancer(key, wanted.model or "", base_url=server, **times)
        case "replicate":
            token, server = _plain(settings.replicate.token), settings.replicate.base_url or ""
            return open_replicate_enhancer(token, wanted.model or "", base_url=server, **times)
        case "off":
            return nullcontext(PlainEnhancer())
        case _:
            return nullcontext(RuleEnhancer())


def models(settings: Settings) -> tuple[dict[str, Model], Model]:
    """The model table's rows, and the painter's."""
    rows = {name: _model(row) for name, row in settings.models.items()}
    return rows, _model(settings.painter)


def _model(row: ModelRow) -> Model:
    return Model(
        name=row.name,
        version=row.version,
        generator=row.generator,
        price_micros=row.price,
        sizes=row.sizes,
        parameters={**row.input, "fixed": dict(row.fixed)},
    )


def _plain(secret: SecretStr | None) -> str:
    # The settings' cross-checks saw to it that what is wanted is there.
    return "" if secret is None else secret.get_secret_value()
