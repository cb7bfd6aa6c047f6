"""Keras' layers with the fixed layout (batch, ..., channels).

By default they use `keras.config.image_data_format()`, which a user may change for
other networks at any time and in any thread. The classes are Keras' own, so saved files
do not refer to this module.
"""

from functools import partial

from keras import layers

LAYOUT = "channels_last"

AveragePooling1D = partial(layers.AveragePooling1D, data_format=LAYOUT)
AveragePooling2D = partial(layers.AveragePooling2D, data_format=LAYOUT)
Conv1D = partial(layers.Conv1D, data_format=LAYOUT)
Conv2D = partial(layers.Conv2D, data_format=LAYOUT)
Flatten = partial(layers.Flatten, data_format=LAYOUT)
GlobalAveragePooling1D = partial(layers.GlobalAveragePooling1D, data_format=LAYOUT)
GlobalAveragePooling2D = partial(layers.GlobalAveragePooling2D, data_format=LAYOUT)
GlobalMaxPooling1D = partial(layers.GlobalMaxPooling1D, data_format=LAYOUT)
GlobalMaxPooling2D = partial(layers.GlobalMaxPooling2D, data_format=LAYOUT)
MaxPooling1D = partial(layers.MaxPooling1D, data_format=LAYOUT)
MaxPooling2D = partial(layers.MaxPooling2D, data_format=LAYOUT)
SpatialDropout2D = partial(layers.SpatialDropout2D, data_format=LAYOUT)
ZeroPadding1D = partial(layers.ZeroPadding1D, data_format=LAYOUT)
ZeroPadding2D = partial(layers.ZeroPadding2D, data_format=LAYOUT)
