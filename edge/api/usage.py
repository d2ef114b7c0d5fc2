"""GET /api/v1/usage: what the project has used in the current hour, day and month."""

from starlette.requests import Request

from core.models import KEY_SCOPES
from core.spending.usage import Accounts, DailyBudget, Use, WindowUse
from edge.answers.answer import Answer
from edge.api.access import caller
from edge.api.envelope import done
from edge.api.shapes import Json, iso, money
from edge.api.windows import parameters_of
from edge.state import State


async def show(request: Request[State]) -> Answer:
    """GET /usage: any key of the project may see it."""
    who = await caller(request, *KEY_SCOPES)
    parameters_of(request)
    usage = request.state["usage"]
    accounts = await usage.accounts(who.project.id)
    return done(usage_json(accounts, await usage.daily_budget()))


def usage_json(accounts: Accounts, budget: DailyBudget | None) -> Json:
    return {
        "windows": [_window_json(one, budget) for one in accounts.windows],
        "byScope": [{"scope": slug, **_use_json(use)} for slug, use in accounts.by_scope.items()],
        "byModel": [
            {"model": name, "generations": use.generations, "spend": money(use.spent_micros)}
            for name, use in accounts.by_model.items()
        ],
    }


def _window_json(one: WindowUse, budget: DailyBudget | None) -> Json:
    shown = budget if one.window == "day" else None
    return {
        "window": one.window,
        "from": iso(one.start),
        "to": iso(one.end),
        **_use_json(one.use),
        "budget": None if shown is None else _budget_json(shown),
    }


def _use_json(use: Use) -> Json:
    return {
        "generations": use.generations,
        "hits": use.hits,
        "spend": money(use.spent_micros),
    }


def _budget_json(budget: DailyBudget) -> Json:
    """The whole installation's: others may use it up, too."""
    left = money(budget.remaining_micros)["amount"]
    return {**money(budget.limit_micros), "remaining": left}
