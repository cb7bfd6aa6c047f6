"""Sound that does not end: blocks as they come in, scores with their times out.

The numbers are those of the offline call; memory and delay stay bounded.
"""

from kerasaudio.streaming.latency import StreamReport
from kerasaudio.streaming.stream import Heard, Stream

__all__ = ["Heard", "Stream", "StreamReport"]
