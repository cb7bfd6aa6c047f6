"""Training on several devices, in half precision, in several parts of a batch.

`Parallel` says what was asked for, `Learner` is the network that `fit` then trains, and
each backend has a module that places the weights (`on_jax`, `on_tensorflow`,
`on_torch`).
"""
