"""Asks Replicate whose token this is: free of charge, and the token is proven by it."""

import httpx

from core.errors import GeneratorFailed, Unauthorized

_OWN_ADDRESS = "https://api.replicate.com"
_SECONDS = 5.0


async def account_of(token: str, *, base_url: str | None = None) -> str:
    """The name of the account behind the token.

    Raises Unauthorized when the token is refused, GeneratorFailed without a usable answer.
    """
    address = f"{(base_url or _OWN_ADDRESS).rstrip('/')}/v1/account"
    try:
        async with httpx.AsyncClient(timeout=_SECONDS, trust_env=False) as client:
            answer = await client.get(address, headers={"Authorization": f"Bearer {token}"})
        if answer.status_code in {401, 403}:
            raise Unauthorized
        answer.raise_for_status()
        return str(answer.json()["username"])
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        raise GeneratorFailed from error
