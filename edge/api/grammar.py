"""The grammar of the API's small words, as JSON Schema writes it."""

from typing import Annotated, Any

from pydantic import Field

from core.library.aliases import TECHNICAL
from core.live_request import TEMPLATES
from core.models import KEY_SCOPES
from core.prompt import REST_PROMPT_LIMIT
from core.ratio import RATIOS

ALIAS = "^@[A-Za-z0-9_-]{1,49}$"
SLUG = "^[a-z0-9_-]{1,64}$"
UUID = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
# In answers ids are in lower case; callers may write them as they like.
GIVEN_UUID = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
RATIO = "^[1-9][0-9]{0,4}[:x][1-9][0-9]{0,4}$"
_MOMENT = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"

Schema = dict[str, Any]

# What callers send.
GIVEN_ALIAS: Schema = {
    "type": "string",
    "pattern": ALIAS,
    "not": {"enum": [*TECHNICAL]},
    "description": "@ and 1 to 49 of the letters A-Z a-z, digits, _ and -.",
}
GIVEN_ID: Schema = {"type": "string", "format": "uuid", "pattern": GIVEN_UUID}
GIVEN_REFERENCE: Schema = {
    "type": "string",
    "pattern": f"({ALIAS})|({GIVEN_UUID})",
    "description": "An image's id or its @alias.",
}
GIVEN_PROMPT: Schema = {
    "type": "string",
    "minLength": 1,
    "description": f"1 to {REST_PROMPT_LIMIT} characters, counted when surplus spaces are gone.",
}
GIVEN_RATIO: Schema = {
    "type": "string",
    "pattern": RATIO,
    "description": f"One of {', '.join(RATIOS)}; 16x9 and 1920:1080 mean 16:9.",
}
GIVEN_TEMPLATE: Schema = {"type": "string", "enum": [*TEMPLATES]}
GIVEN_SLUG: Schema = {"type": "string", "pattern": SLUG}
GIVEN_ALIASES: Schema = {
    "type": "object",
    "patternProperties": {ALIAS: GIVEN_ID},
    "propertyNames": {"not": {"enum": [*TECHNICAL]}},
    "additionalProperties": False,
}
GIVEN_SCOPES: Schema = {
    "type": "array",
    "maxItems": 100,
    "items": {"type": "string", "enum": [*KEY_SCOPES]},
}

# What answers hold.
Id = Annotated[str, Field(pattern=UUID, json_schema_extra={"format": "uuid"})]
Moment = Annotated[
    str, Field(pattern=_MOMENT, json_schema_extra={"format": "date-time"}, description="UTC.")
]
Ratio = Annotated[str, Field(json_schema_extra={"enum": [*RATIOS]})]
Alias = Annotated[str, Field(pattern=ALIAS)]
Meta = dict[str, Any]
