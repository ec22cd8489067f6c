"""Checkout 2.8.0."""
