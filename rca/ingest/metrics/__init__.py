"""Metrics of the tools that keep them: one module a format; ``series`` has the names and labels that they share."""
