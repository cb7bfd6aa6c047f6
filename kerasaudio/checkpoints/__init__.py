"""Foreign bytes to arrays, never unpickled: one file a format.

A state is a dict of arrays by `layer/variable`; assigning one is strict both ways.
"""
