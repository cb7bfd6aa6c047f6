"""The tables of docs/results/parity.md: their measurements and their text.

measure_parity.py -> `figures` (JSON, one file per section and backend) -> `page`.
There is one module per section; the package imports nothing from here.
"""
