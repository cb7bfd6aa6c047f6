"""What to compute, with which settings; each belongs to some of the tasks."""

from collections.abc import Sequence
from dataclasses import dataclass

from kerasaudio.features.pool import Pool

TASKS = ("embed", "tag", "detect")


@dataclass(frozen=True)
class Settings:
    """How to compute; what belongs to another task must be left out.

    Attributes: As the arguments of `run`.
    """

    task: str = "embed"
    layer: str | Sequence[str] = "embedding"
    pool: Pool = "mean"
    window_seconds: float | None = None
    hop_seconds: float | None = None
    labels: Sequence[str] | None = None
    top: int | None = None
    threshold: float | Sequence[float] | None = None
    min_seconds: float = 0.0
    gap_seconds: float = 0.0
    batch_size: int | None = None
    errors: str = "raise"
    dtype: str | None = None

    def check(self) -> None:
        """Raise a ValueError for an unknown task, or an argument of another one."""
        if self.task not in TASKS:
            raise ValueError(f"task must be one of {TASKS}. Received: {self.task!r}.")
        usual = Settings()
        for name, tasks in _ONLY.items():
            value = getattr(self, name)
            if self.task not in tasks and value != getattr(usual, name):
                whose = " and ".join(f'task="{task}"' for task in tasks)
                raise ValueError(
                    f"{name} belongs to {whose}. Received: {name}={value!r} with "
                    f"task={self.task!r}."
                )


_ONLY = {
    "layer": ("embed",),
    "pool": ("embed",),
    "dtype": ("embed", "tag"),
    "labels": ("tag", "detect"),
    "top": ("tag",),
    "threshold": ("tag", "detect"),
    "min_seconds": ("detect",),
    "gap_seconds": ("detect",),
}
