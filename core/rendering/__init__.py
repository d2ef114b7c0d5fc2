"""From an order to a paid, verified picture."""
