"""Generators: whoever turns a recipe into the bytes of a picture."""
