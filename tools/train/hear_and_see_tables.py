"""The tables of the recipe hear_and_see.py, as Markdown, beside the published ones."""

from collections.abc import Iterator, Sequence
from typing import Any

from hear_and_see_pictures import KINDS

Facts = dict[str, Any]

# Accuracy and macro F1 in per cent, by the set that was learned and the one that was
# tested: results/testing of github.com/thommiano/hear-and-see_peerj at aa45e8e.
PUBLISHED = {
    ("original", "original"): (95.54, 95.94),
    ("original", "padded"): (89.96, 87.73),
    ("original", "rolled"): (90.28, 87.97),
    ("padded", "original"): (87.98, 83.13),
    ("padded", "padded"): (95.54, 95.78),
    ("padded", "rolled"): (95.66, 95.89),
    ("rolled", "original"): (91.70, 89.41),
    ("rolled", "padded"): (97.52, 97.67),
    ("rolled", "rolled"): (97.34, 97.46),
}
NOT_MEASURED = "not measured"


def page(facts: Facts) -> str:
    """Give the table of accuracies and F1, and a confusion matrix for each network."""
    networks: dict[str, Facts] = facts["networks"]
    lines = [
        "| learned | tested | accuracy, % | macro F1, % | published: accuracy "
        "| macro F1 |",
        "|---|---|---|---|---|---|",
    ]
    for (learned, tested), published in PUBLISHED.items():
        found = networks.get(learned, {}).get("tests", {}).get(tested)
        own = [NOT_MEASURED] * 2
        if found is not None:
            own = [f"{100 * found[name]:.2f}" for name in ("accuracy", "macro_f1")]
        theirs = [f"{figure:.2f}" for figure in published]
        lines.append(f"| {' | '.join([learned, tested, *own, *theirs])} |")
    if facts["duration_of_all"] is not None:
        lines += [
            "",
            f"All clips last {facts['duration_of_all']:g} s here: the original "
            "durations are lost.",
        ]
    for kind in (kind for kind in KINDS if kind in networks):
        network = networks[kind]
        test = network["tests"][kind]
        losses = ", ".join(f"{loss:.3f}" for loss in network["losses"])
        lines += [
            "",
            f"{kind}: {network['start']}, {network['pictures']} pictures, "
            f"{network['epochs']} epochs (loss {losses}), seed {network['seed']}, "
            f"{network['training_seconds']:.0f} s, {network['backend']}, "
            f"{network['date']}. Clips by true class (row) and predicted class:",
            "",
            *confusion(test["class_names"], test["confusion"]),
        ]
    return "\n".join(lines) + "\n"


def confusion(names: Sequence[str], counts: Sequence[Sequence[int]]) -> Iterator[str]:
    """Yield the lines of a confusion matrix, by true (row) and predicted class."""
    plain = [name.replace("_", " ") for name in names]
    yield f"| | {' | '.join(plain)} |"
    yield "|---" * (len(names) + 1) + "|"
    for name, row in zip(plain, counts, strict=True):
        yield f"| {name} | {' | '.join(str(count) for count in row)} |"
