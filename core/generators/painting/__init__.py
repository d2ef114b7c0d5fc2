"""How the offline painter paints: from a prompt and a seed to a small landscape."""
