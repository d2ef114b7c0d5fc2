"""What operators read: logs, metrics, health."""
