"""Who may have a picture made, how much may be spent, and what was."""
