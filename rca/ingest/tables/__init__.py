"""Plain tables: CSV, JSON and Parquet whose column names say what they hold.

``names`` has the spellings that people use for a field, ``layout`` decides from them what a table is, and one module a
kind makes rows of it: ``points`` (metrics, long or wide), ``spans``, ``logs``, ``edges`` and, for changes,
:mod:`rca.ingest.changes.record`. ``csv``, ``document`` and ``parquet`` are the containers.
"""
