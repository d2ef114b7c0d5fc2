"""Prompts made fuller by a language model; when it fails, the caller's own words are sent."""

import asyncio
from typing import Protocol

import structlog

from core.enhancers.cleaning import EnhancementFailed, cleaned
from core.enhancers.instruction import INSTRUCTION_VERSION, instruction_for
from core.models import Enhanced


class LanguageModel(Protocol):
    """Answers a text under an instruction."""

    name: str

    async def answer(self, instruction: str, text: str) -> str:
        """What the model says, as it says it. Raises EnhancementFailed."""


class ModelEnhancer:
    """The Enhancer port over a language model, which has ``timeout`` seconds and one try."""

    def __init__(self, model: LanguageModel, *, timeout: float) -> None:
        self.version = f"{INSTRUCTION_VERSION}:{model.name}"
        self._model = model
        self._timeout = timeout
        self._log = structlog.get_logger("enhance")

    async def enhance(self, prompt: str, template: str) -> Enhanced:
        """As Enhancer.enhance. Raises KeyError for an unknown template."""
        instruction = instruction_for(template)
        try:
            async with asyncio.timeout(self._timeout):
                said = await self._model.answer(instruction, prompt)
            return Enhanced(cleaned(said), self.version)
        except (EnhancementFailed, TimeoutError) as error:
            cause = str(error) or "timeout"
            self._log.warning("enhancement_failed", model=self._model.name, cause=cause)
            return Enhanced(prompt, self.version, fell_back=True)
