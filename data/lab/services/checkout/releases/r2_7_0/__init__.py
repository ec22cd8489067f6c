"""Checkout 2.7.0."""
