"""Changes: what people and machines did to the system, from the tools that record it.

``kinds`` has the words for kinds of change, ``record`` makes a row of a record with people's names, ``documents`` makes a
format of a function that knows one tool's JSON; every other module is one tool.
"""
