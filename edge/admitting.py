"""Builds what stands before spending: the prompt policy, and what addresses may start."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cache.rates import Rates
from config.settings import Settings
from core.hooks.prompt_policy import open_hook
from core.ports import AddressAdmission, PromptPolicy
from core.spending.admission import HourlyAddresses
from core.spending.policy import DenyList, EveryPolicy


@asynccontextmanager
async def prompt_policy(settings: Settings) -> AsyncIterator[PromptPolicy]:
    """The denied words, then the hook if there is one: nobody else learns of what they refuse."""
    wanted = settings.policy
    denied = DenyList(wanted.deny, wanted.projects)
    if wanted.url is None:
        yield denied
        return
    async with open_hook(wanted.url, timeout=wanted.timeout) as hook:
        yield EveryPolicy((denied, hook))


def addresses(rates: Rates) -> AddressAdmission:
    """Counted where the keys are."""
    return HourlyAddresses(rates)
