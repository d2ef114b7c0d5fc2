"""What is sent to a model: the recipe under the model's own names."""

from base64 import b64encode
from typing import Any

from core.models import Recipe, Reference


def input_of(recipe: Recipe) -> dict[str, Any]:
    """The model's input, under the names its row of the table gives."""
    names = recipe.model.parameters
    width, height = recipe.size
    values = {
        "prompt": recipe.prompt,
        "ratio": recipe.ratio,
        "width": width,
        "height": height,
        "size": f"{width}x{height}",
        "seed": recipe.seed,
    }
    if recipe.references:
        urls = [_data_url(each) for each in recipe.references]
        values |= {"references": urls, "reference": urls[0]}
    asked = {names[ours]: value for ours, value in values.items() if ours in names}
    return {**names.get("fixed", {}), **asked}


def _data_url(reference: Reference) -> str:
    """RFC 2397: the picture itself, because no provider may fetch from us."""
    return f"data:{reference.mime_type};base64,{b64encode(reference.body).decode('ascii')}"
