"""Speed, measured beside the peers in one run: ``python -m benchmarks --help``.

`frontend`, `networks` and `startup` say what is measured, `peers` holds what we are
measured against, `contest` runs the rounds, `report` writes the tables.
"""
