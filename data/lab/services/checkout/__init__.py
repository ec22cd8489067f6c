"""Checkout: the service that fails."""
