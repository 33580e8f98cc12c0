"""Reads one uploaded file in a process of its own and writes what it found on standard output, one JSON value a line.

Started by ``readers.read_table``. It imports nothing of ours outside this folder, on purpose: parsers of hostile files get no
configuration, no secret and no database, only the limits set in ``main``.

Lines: ``{"names": [...]}`` once, then per sheet ``{"sheet": name, "notes": [...]}`` followed by its rows
``{"r": row number from 1, "c": [cells], "t": 1 for a merged title}`` or by ``{"refused": sentence}``. A refusal of the whole
file is one ``{"refused": sentence}`` before any sheet. A cell is text, number, boolean, null, ``{"d": ISO date}`` or
``{"x": what stands there}`` for a cell that has no usable value (an Excel error, or ``""`` for a formula never computed).
"""
