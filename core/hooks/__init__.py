"""Adapters that tell other machines over HTTP what happened here, or ask their leave."""
