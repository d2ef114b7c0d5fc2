"""How a provider's refusals are read: which words mean a refused prompt, and how long to pause."""

# Nothing longer is worth believing; the flight's own memory is shorter anyway.
LONGEST_PAUSE = 60.0
# A wrong token or an empty account is mended by a person, not by asking again.
OPERATOR_PAUSE = 60.0

# The models say it in prose only. Matched without case, as parts of words.
_REFUSAL_WORDS = (
    "nsfw",
    "safety",
    "sensitive",
    "moderat",
    "content policy",
    "content filter",
    "flagged",
    "prohibited",
    "(e005)",
)


def is_refusal(text: str | None) -> bool:
    """Whether a model's words say that it will not paint this."""
    spoken = (text or "").casefold()
    return any(word in spoken for word in _REFUSAL_WORDS)
