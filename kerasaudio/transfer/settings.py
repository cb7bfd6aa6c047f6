"""The settings of each kind of classifier, with their defaults."""

from collections.abc import Mapping
from typing import Any, Literal

from kerasaudio.arguments import number, whole_number

Probe = Literal["linear", "mlp", "gru", "frozen", "full"]

DEFAULTS: dict[str, dict[str, Any]] = {
    "linear": {"C": 0.1},
    "mlp": {
        "units": 256,
        "dropout": 0.3,
        "epochs": 40,
        "batch_size": 32,
        "learning_rate": 1e-3,
    },
    "gru": {
        "units": 64,
        "dropout": 0.3,
        "epochs": 40,
        "batch_size": 32,
        "learning_rate": 2e-3,
    },
    "frozen": {
        "epochs": 10,
        "batch_size": 32,
        "learning_rate": 3e-3,
        "clip_seconds": None,
    },
    "full": {
        "epochs": 5,
        "batch_size": 16,
        "learning_rate": 1e-4,
        "clip_seconds": None,
    },
}
ON_FEATURES = ("linear", "mlp", "gru")
ON_WAVEFORMS = ("frozen", "full")

_WHOLE = ("units", "epochs", "batch_size")


def settle(probe: str, given: Mapping[str, Any], kinds: tuple[str, ...]) -> dict:
    """Return the settings of a kind of classifier: given values, otherwise defaults.

    Raises:
        ValueError: The kind or a setting is unknown, or a value is out of range.
    """
    if probe not in kinds:
        raise ValueError(f"probe must be one of {kinds}. Received: {probe!r}.")
    defaults = DEFAULTS[probe]
    for name, value in given.items():
        if name not in defaults:
            raise ValueError(
                f"{probe!r} has no setting {name!r}. Its settings are: "
                f"{', '.join(f'{key}={value!r}' for key, value in defaults.items())}."
            )
    return defaults | {
        name: _checked(name, value)
        for name, value in given.items()
        if value is not None
    }


def check_seed(seed: Any) -> int:
    """Return the seed, or raise a ValueError."""
    return whole_number(seed, "seed", 0, 2**32 - 1)


def _checked(name: str, value: Any) -> Any:
    if name in _WHOLE:
        return whole_number(value, name)
    if name == "dropout":
        return number(value, name, 0, below=1)
    return number(value, name, above=0)
