"""Measure in the page of `kerasaudio see` how long a tag takes after its sound."""

from collections.abc import Collection
from typing import Any, NamedTuple

# When each packet was sent and how loud it was; when the first tag was painted.
SCRIPT = """
(() => {
  const send = WebSocket.prototype.send;
  window.watched = { sent: [], tags: [] };
  WebSocket.prototype.send = function (data) {
    if (typeof data !== "string") {
      const peak = data.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
      window.watched.sent.push([performance.now() / 1000, peak]);
    }
    return send.call(this, data);
  };
  addEventListener("DOMContentLoaded", () => {
    let before = "";
    new MutationObserver(() => requestAnimationFrame(() => {
      const first = document.querySelector("#tags li:first-child span")?.textContent;
      if (first !== before) window.watched.tags.push([performance.now() / 1000, first]);
      before = first;
    })).observe(document.getElementById("tags"),
      { childList: true, subtree: true, characterData: true });
  });
})();
"""
_LOUD = 300  # of 32,768
_PAUSE_SECONDS = 0.5


class Burst(NamedTuple):
    """A sound between silence: when it began and ended, and when it was named.

    Times are in seconds of the page; `named` is None if it was not.
    """

    begin: float
    end: float
    named: float | None

    @property
    def delay(self) -> float:
        """Seconds from its end to its tag; negative if the tag came earlier."""
        assert self.named is not None
        return self.named - self.end


def bursts(page: Any, names: Collection[str]) -> list[Burst]:
    """Return the sounds that have ended so far.

    Args:
        page: A page of Playwright with `SCRIPT` as its init script.
        names: Labels that are right.
    """
    watched = page.evaluate("window.watched")
    return find_bursts(watched["sent"], watched["tags"], names)


def find_bursts(
    sent: list[tuple[float, float]],
    tags: list[tuple[float, str]],
    names: Collection[str],
) -> list[Burst]:
    """Return the sounds in a log: (time, peak) of packets, (time, label) of tags."""
    loud = [time for time, peak in sent if peak > _LOUD]
    if not loud:
        return []
    spans = [[loud[0], loud[0]]]
    for time in loud[1:]:
        if time - spans[-1][1] > _PAUSE_SECONDS:
            spans.append([time, time])
        spans[-1][1] = time
    if sent[-1][0] - spans[-1][1] < 2 * _PAUSE_SECONDS:
        spans.pop()  # it has not ended, or its tag may still come
    found = []
    for number, (begin, end) in enumerate(spans):
        limit = spans[number + 1][0] if number + 1 < len(spans) else float("inf")
        right = (time for time, name in tags if begin <= time < limit and name in names)
        found.append(Burst(begin, end, next(right, None)))
    return found
