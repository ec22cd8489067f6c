"""Checkout 2.9.0."""
