"""What the product does: prompts, recipes, pictures, generations, money. No HTTP."""
