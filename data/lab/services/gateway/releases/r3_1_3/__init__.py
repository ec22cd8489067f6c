"""Gateway 3.1.3."""
