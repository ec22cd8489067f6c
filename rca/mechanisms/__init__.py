"""What a change can do, and what the telemetry shows: an open table of mechanisms and symptoms.

``diffs`` reads unified diffs of any common language, ``facts`` finds what in them changed (numbers, guards, loops, names),
``code``, ``data``, ``capacity`` and ``config`` hold the mechanisms, ``symptoms`` what telemetry can show, ``external`` the
causes that no change of one's own made. Adding a mechanism is adding one entry to a tuple.
"""
