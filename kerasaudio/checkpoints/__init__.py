"""Read checkpoints of other libraries without unpickling: one module per format.

A state is a dict of arrays by `layer/variable`; assigning it is strict in both
directions.
"""
