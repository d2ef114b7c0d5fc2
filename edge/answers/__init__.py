"""How an answer comes to be: headers, freshness, conditions, errors as JSON or pictures."""
