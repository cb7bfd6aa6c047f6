"""What layers of Keras do in inference, as torch does it without copies.

Tensors keep Keras' shapes, (batch, ..., channels), which in torch's words is the memory
format "channels last": a convolution gets a view of them, and returns such a view.
"""
