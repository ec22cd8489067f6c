"""Gateway 3.1.4."""
