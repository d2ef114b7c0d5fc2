"""The enhancer that is switched off: every prompt is sent as it came."""

from core.models import Enhanced


class PlainEnhancer:
    """The Enhancer port where nobody shall touch a prompt."""

    version = "off-1"

    async def enhance(self, prompt: str, template: str) -> Enhanced:
        del template
        return Enhanced(prompt, self.version)
