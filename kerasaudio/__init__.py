"""A Keras 3 model zoo for sound: waveform in, tags or embeddings out."""
