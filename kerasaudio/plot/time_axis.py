"""Times on the axis of a picture: seconds, and minutes for long sounds."""

from typing import Any

_LONG = 180  # seconds
_MOST_TICKS = 9
_STEPS = (30, 60, 120, 300, 600, 900, 1800, 3600)


def show_time(axes: Any, start: float, end: float) -> None:
    """Limit the horizontal axis to times in seconds, and label it.

    Args:
        axes: Axes of matplotlib, drawn over seconds.
        start: Left end in seconds.
        end: Right end in seconds. If more than three minutes are shown, the ticks are
            written as minutes:seconds.
    """
    axes.set_xlim(start, end)
    if end - start <= _LONG:
        axes.set_xlabel("seconds")
        return
    from matplotlib.ticker import FuncFormatter, MultipleLocator

    fitting = [step for step in _STEPS if (end - start) / step <= _MOST_TICKS]
    step = fitting[0] if fitting else 3600 * -(-(end - start) // (_MOST_TICKS * 3600))
    axes.xaxis.set_major_locator(MultipleLocator(step))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda time, _: minutes(time)))
    axes.set_xlabel("minutes")


def minutes(seconds: float) -> str:
    """Return a time as minutes:seconds, "75:30"."""
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02d}"
