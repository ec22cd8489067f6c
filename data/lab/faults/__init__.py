"""Faults from outside the shop: a network that misbehaves, a batch job that locks a table."""
