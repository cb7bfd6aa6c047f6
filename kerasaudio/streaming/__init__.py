"""Score endless sound: blocks in as they arrive, scores with their times out.

The scores are those of the offline call; memory and delay stay bounded.
"""

from kerasaudio.streaming.latency import StreamReport
from kerasaudio.streaming.stream import Heard, Stream

__all__ = ["Heard", "Stream", "StreamReport"]
