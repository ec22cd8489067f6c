"""Gateway: the way in."""
