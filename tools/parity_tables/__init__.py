"""The tables of docs/results/parity.md: what they measure, and how they are written.

measure_parity.py -> `figures` (kept as JSON, one file a section and backend) -> `page`.
A module a section measures; nothing here is imported by the package.
"""
