"""List the published weights, all of them or those that have certain properties."""

from collections.abc import Callable, Iterable

from kerasaudio.arguments import whole_number
from kerasaudio.text import choices, did_you_mean
from kerasaudio.weights.manifest import TASKS, WeightsEntry, load_manifest


def list_weights(
    factory: str | None = None,
    *,
    task: str | None = None,
    data: str | None = None,
    license: str | None = None,
    sample_rate: int | None = None,
    max_parameters: int | None = None,
    max_bytes: int | None = None,
    bundled: bool | None = None,
) -> list[WeightsEntry]:
    """Return the published weights, in the manifest's order.

    Arguments that are None do not choose. Entries that do not state a property that is
    asked for are left out.

    Args:
        factory: Name of a factory, such as "SampleCNN".
        task: What the network is for: "tagging" (sounds of any kind), "music",
            "speech", "speaker", "events" (with their times) or "embedding" (vectors,
            without classes).
        data: Name of a data set that the weights were trained on, such as "AudioSet";
            upper or lower case.
        license: SPDX identifier of the license, such as "MIT"; upper or lower case.
        sample_rate: Sample rate of the network's input in Hz.
        max_parameters: Largest number of trainable parameters.
        max_bytes: Largest size of the file in bytes.
        bundled: True for weights that come with the package, False for the others.

    Raises:
        ValueError: No published weights have this factory, task, data or license; a
            number is not a positive whole number; or the manifest is invalid.

    Examples:
        >>> [entry.title for entry in kerasaudio.list_weights("MusicVGG")]
        ['MusicVGG/mtat', 'MusicVGG/msd']
        >>> [entry.title for entry in kerasaudio.list_weights(task="speaker")]
        ['SpeakerEncoder/ge2e']
        >>> small = kerasaudio.list_weights(data="AudioSet", max_bytes=5_000_000)
        >>> [entry.title for entry in small]
        ['EfficientAT/audioset']
    """
    entries = [entry for entry in load_manifest() if entry.pinned_sources]
    if factory is not None:
        factories = dict.fromkeys(entry.factory for entry in entries)
        if factory not in factories:
            raise ValueError(
                f"There are no published weights for {factory!r}."
                + choices(did_you_mean(factory, factories), factories)
            )
    texts: list[tuple[str, str | None, Callable[[WeightsEntry], Iterable[str]]]] = [
        ("task", task, lambda entry: [entry.task]),
        ("data", data, lambda entry: entry.data),
        ("license", license, lambda entry: [entry.license]),
    ]
    for name, wanted, having in texts:
        if wanted is not None:
            known = [text for entry in entries for text in having(entry)]
            _check_known(name, wanted, TASKS if name == "task" else known)
    numbers: list[tuple[str, int | None]] = [
        ("sample_rate", sample_rate),
        ("max_parameters", max_parameters),
        ("max_bytes", max_bytes),
    ]
    for name, number in numbers:
        if number is not None:
            whole_number(number, name, 1)
    return [
        entry
        for entry in entries
        if factory in (None, entry.factory)
        and all(_has(having(entry), wanted) for _, wanted, having in texts)
        and sample_rate in (None, entry.sample_rate)
        and _at_most(entry.parameters, max_parameters)
        and _at_most(entry.approximate_size, max_bytes)
        and bundled in (None, entry.is_bundled)
    ]


def _check_known(name: str, wanted: object, texts: Iterable[str]) -> None:
    known = list(dict.fromkeys(texts))
    if not isinstance(wanted, str) or not _has(known, wanted):
        raise ValueError(
            f"No published weights have {name}={wanted!r}."
            f"{did_you_mean(str(wanted), known)} There are: {', '.join(known)}."
        )


def _has(texts: Iterable[str], wanted: str | None) -> bool:
    return wanted is None or wanted.lower() in (text.lower() for text in texts)


def _at_most(number: int | None, most: int | None) -> bool:
    return most is None or (number is not None and number <= most)
