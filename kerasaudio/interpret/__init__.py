"""What a network listens to: which part of a sound, and what it would like to hear.

Everything starts from the gradient of a score with respect to the sound.
"""
