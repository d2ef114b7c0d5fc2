"""Holds real answers to what the API's description promises."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema_rs

KEPT = Path(__file__).parents[3] / "docs" / "openapi.json"
_PARAMETER = re.compile(r"\\{\w+\\}")


@dataclass(frozen=True)
class Description:
    """The OpenAPI document, and what is wrong with an answer by its word."""

    document: Mapping[str, Any]

    def complaints(
        self, method: str, path: str, status: int, kind: str, body: bytes | str
    ) -> list[str]:
        """Empty for an answer as described. ``path`` without query, ``kind`` its Content-Type."""
        template = self.template(path)
        operation = self.document["paths"].get(template, {}).get(method.lower())
        if operation is None:
            return [f"{method} {path} is not described"]
        if str(status) not in operation["responses"]:
            return [f"{method} {template}: {status} is not described"]
        answer = self.followed(operation["responses"][str(status)])
        content = answer.get("content", {})
        bare = kind.partition(";")[0]
        if not content and not body:
            return []
        if bare not in content:
            return [f"{method} {template}: {status} as {bare} is not described"]
        if not bare.endswith("json"):
            return []
        schema = {**content[bare].get("schema", {}), "components": self.document["components"]}
        validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
        found = validator.iter_errors(json.loads(body))
        return [f"{method} {template} {status}: {error.message[:300]}" for error in found]

    def template(self, path: str) -> str:
        """The described address of a path; the one with the fewest parameters goes first."""
        fitting = [
            template
            for template in self.document["paths"]
            if re.fullmatch(_PARAMETER.sub("[^/]+", re.escape(template)), path)
        ]
        return min(fitting, key=lambda template: template.count("{"), default="")

    def followed(self, thing: Mapping[str, Any]) -> Mapping[str, Any]:
        """The thing itself, or what it refers to."""
        found: Any = thing
        while "$ref" in found:
            step: Any = self.document
            for name in found["$ref"].removeprefix("#/").split("/"):
                step = step[name]
            found = step
        return found


def description() -> Description:
    """The kept document."""
    return Description(json.loads(KEPT.read_bytes()))
