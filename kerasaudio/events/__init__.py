"""Find sound events with their times, with any network that has labels.

waveform (samples,) -> frames or windows -> scores (times, classes)
-> above a threshold -> events with start and end -> label files
"""

from kerasaudio.core.score_timeline import ScoreTimeline, SoundEvent
from kerasaudio.events.find import events_of, find_events
from kerasaudio.events.frames import frame_scores, framewise
from kerasaudio.events.label_files import write_events

__all__ = [
    "ScoreTimeline",
    "SoundEvent",
    "events_of",
    "find_events",
    "frame_scores",
    "framewise",
    "write_events",
]
