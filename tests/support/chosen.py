"""The networks that a costly test takes: all, but on jax one of each kind.

jax compiles every layer of every network anew, which takes most of the time of its
tests. What depends on a network and not on the backend, the others show for all.
"""

import keras

KINDS = {
    *("AST", "MusiCNN", "SampleCNN", "YAMNet"),  # patches, log mel, samples, frames
    *("SileroVAD", "SoundEventCRNN"),  # a state that is carried, a recurrent layer
}


def chosen(names):
    """Return the names of networks, sorted."""
    if keras.backend.backend() == "jax":
        names = KINDS.intersection(names)
    return sorted(names)
