"""Incidents of small systems, written for the tests of the ranking of changes."""
