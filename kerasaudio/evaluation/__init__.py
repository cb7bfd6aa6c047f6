"""What a network makes of whole clips.

`predict_clips` gives a row of scores for each clip.
"""

from kerasaudio.evaluation.predict import predict_clips

__all__ = ["predict_clips"]
