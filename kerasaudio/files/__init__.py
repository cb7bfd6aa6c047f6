"""What is fetched or kept: whole writes, digests, downloads, cache, locks, logs.

Knows nothing of weights, sound or networks.
"""
