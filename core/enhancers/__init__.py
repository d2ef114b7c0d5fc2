"""Prompts made fuller: by nobody, or by a language model that may fail."""
