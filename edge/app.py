"""The application as data: routes, mount, middleware, error table, lifespan."""

import structlog
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, Route, Router

from config.loading import load_environment
from config.settings import Settings
from core.cards import error_card
from edge.answers.errors import ErrorAnswers
from edge.api.img import stored_image
from edge.api.preflights import NoPreflights
from edge.api.rates import told_when_refused
from edge.api.routes import api_routes
from edge.console.routes import console_routes
from edge.hot import HotMiddleware
from edge.live import page_live
from edge.live_urls import live_path
from edge.operations.first_start import ORGANIZATION, PROJECT, SCOPE
from edge.pages import ready
from edge.server.client_address import TrustedProxies
from edge.server.middleware import RequestMiddleware
from edge.server.nearby_store import NearbyStore
from edge.telemetry.health import health
from edge.telemetry.logs import access_log, configure
from edge.telemetry.metrics import MetricsPage, RequestMetrics
from edge.wiring import lifespan_of

_READING = ["GET", "HEAD", "OPTIONS"]
_PAGE = "/cdn/{organization}/{project}/live/{scope}"


def create_app() -> Starlette:
    """The application of this process's environment: what the server's workers import."""
    settings = load_environment()
    configure(settings.log.level, settings.log.format)
    return application(settings)


def application(settings: Settings) -> Starlette:
    """The application, whole; nothing is opened before its lifespan."""
    registry = CollectorRegistry()
    answers = ErrorAnswers(error_card, structlog.get_logger("errors"))
    app = Starlette(
        routes=[
            Mount("/api/v1", app=_api()),
            Route(_PAGE, told_when_refused(page_live), methods=_READING),
            Route("/cdn/{organization}/{project}/img/{reference}", stored_image, methods=_READING),
            Route("/health", health),
            Route("/ready", ready),
            Route("/metrics", _metrics_page(settings, registry).show),
            *console_routes(live_path(ORGANIZATION, PROJECT, SCOPE), free=_is_free(settings)),
        ],
        middleware=[
            Middleware(
                RequestMiddleware,
                answers=answers,
                log=structlog.get_logger("requests"),
                record=access_log(settings.log.level, settings.log.format),
                proxies=TrustedProxies([str(each) for each in settings.server.trusted_proxies]),
                observe=RequestMetrics(registry).observe,
            ),
            Middleware(NearbyStore),
            Middleware(HotMiddleware),
        ],
        exception_handlers=dict(answers.handlers()),
        lifespan=lifespan_of(settings, registry),
    )
    # A redirect would carry prompts, signatures and bodies on, and over plain http behind a proxy.
    app.router.redirect_slashes = False
    return app


def _api() -> Router:
    return Router(api_routes(), redirect_slashes=False, middleware=[Middleware(NoPreflights)])


def _is_free(settings: Settings) -> bool:
    return settings.generator_name == settings.painter.generator


def _metrics_page(settings: Settings, registry: CollectorRegistry) -> MetricsPage:
    token, folder = settings.metrics.token, settings.metrics.folder
    return MetricsPage(
        registry,
        token=None if token is None else token.get_secret_value(),
        multiprocess_path=None if folder is None else str(folder),
    )
