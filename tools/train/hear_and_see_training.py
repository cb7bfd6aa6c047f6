"""One training of the recipe hear_and_see.py: its network, its steps, its tests."""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from hear_and_see_pictures import Pictures, make

from kerasaudio import plot
from kerasaudio.datasets import LabeledClips
from kerasaudio.evaluation import ClipReport
from kerasaudio.files.whole_file import writing_whole
from kerasaudio.models.mel_resnet50 import MelResNet50

RATE, MOMENTUM, DECAY, BATCH = 1e-3, 0.9, 5e-4, 16
STATISTICS_MOMENTUM = 0.9  # of batch normalization; torchvision's 0.1

Facts = dict[str, Any]


class CoupledSGD(keras.optimizers.SGD):
    """SGD whose weight decay is part of the gradient, as in torch.optim.SGD."""

    def apply(self, grads: Any, trainable_variables: Any = None) -> None:
        """Add the decay to the gradients, and apply them."""
        variables = trainable_variables or self._trainable_variables
        super().apply(
            [g + DECAY * v.value for g, v in zip(grads, variables, strict=True)],
            trainable_variables,
        )


class Training:
    """The training of one network, step by step, from where it was left.

    Args:
        kind: Set of pictures.
        options: Of the command line.
        learn: Clips to learn from.
        test: Clips to be tested on.

    Attributes:
        model: Network from waveforms to classes.
        step: Steps that are done.
    """

    def __init__(
        self, kind: str, options: argparse.Namespace, learn: LabeledClips, test: Any
    ) -> None:
        keras.utils.set_random_seed(options.seed)
        self._kind, self._options, self._test = kind, options, test
        self.model, self._start = network(learn.class_names, options)
        gray = self.model.get_layer("gray").output
        self._seen = keras.Model(gray, self.model.output)  # from picture to classes
        self._seen.compile(
            CoupledSGD(RATE, momentum=MOMENTUM), "sparse_categorical_crossentropy"
        )
        self._seen.optimizer.build(self._seen.trainable_variables)
        self._pictures = self._make(kind, learn, "learn")
        self._steps = -(-len(self._pictures) // BATCH)
        self._known: dict[tuple[str, int], np.ndarray] = {}
        self._state = options.out / f"{kind}.state.npz"
        self.step, self._seconds, self._losses = 0, 0.0, []  # type: ignore[var-annotated]
        self.settings = {
            "set": kind,
            "epochs": options.epochs,
            "seed": options.seed,
            "side": options.side,
            "start": self._start,
            "pictures": len(self._pictures),
            "test_fold": options.test,
            "optimizer": f"SGD {RATE:g}, momentum {MOMENTUM:g}, weight decay {DECAY:g}",
            "batch_size": BATCH,
        }
        if self._state.exists() and not options.overwrite:
            self._resume()

    def run(self, until: float) -> bool:
        """Train until the last step, or until the time is over; gives which."""
        last = self._steps * self._options.epochs
        print(f"{self._kind}: {len(self._pictures)} pictures, {self._start}")
        while self.step < last:
            epoch, number = divmod(self.step, self._steps)
            rng = np.random.default_rng((self._options.seed, epoch))
            order = rng.permutation(len(self._pictures))
            began = time.perf_counter()
            batch = self._pictures.take(order[number * BATCH :][:BATCH])
            loss = float(np.ravel(self._seen.train_on_batch(*batch))[0])
            self._seconds += time.perf_counter() - began
            self._losses.append(loss)
            self.step += 1
            if self.step % self._steps == 0:
                mean = np.mean(self._losses[-self._steps :])
                print(f"epoch {epoch + 1}: loss {mean:.3f}", flush=True)
            over = time.monotonic() > until
            if over or self.step % self._options.save_steps == 0 or self.step == last:
                self._save()
            if over:
                break
        return self.step == last

    def tested(self, kinds: Sequence[str]) -> Facts:
        """Save the network, and give what it says on each set of test clips."""
        self.model.save(self._options.out / f"{self._kind}.keras")
        tests = {}
        for kind in kinds:
            pictures = self._make(kind, self._test, "test")
            scores = self._scores(pictures)
            report = ClipReport(
                dataset=f"UrbanSound8K, fold {self._options.test}, {kind}",
                class_names=tuple(self._test.class_names),
                paths=tuple(np.repeat(self._test.paths, len(pictures.shifts))),
                targets=np.repeat(pictures.targets, len(pictures.shifts)),
                scores=scores,
            )
            tests[kind] = described(report)
            _draw(report, self._options.out / f"{self._kind}-on-{kind}.png")
        losses = np.reshape(self._losses, (-1, self._steps)).mean(axis=1)
        return {
            **self.settings,
            "losses": losses.tolist(),
            "training_seconds": round(self._seconds, 1),
            "backend": keras.backend.backend(),
            "date": time.strftime("%Y-%m-%d"),
            "tests": tests,
        }

    def remove(self) -> None:
        """Remove the state of a training that is finished and written."""
        self._state.unlink(missing_ok=True)

    def _make(self, kind: str, clips: LabeledClips, part: str) -> Pictures:
        folder = self._options.out / "pictures" / part
        return make(kind, self.model, clips, folder)

    def _scores(self, pictures: Pictures) -> np.ndarray:
        """Give the scores of pictures; those of shifts that come to the same, once."""
        frames = pictures.gray.shape[1]
        places = [round(frames * shift) % frames for shift in pictures.shifts]
        for place, shift in zip(places, pictures.shifts, strict=True):
            key = (pictures.base, place)
            if key not in self._known:
                moved = replace(pictures, shifts=[shift])
                x, _ = moved.take(np.arange(len(moved)))
                self._known[key] = self._seen.predict(x, batch_size=BATCH, verbose=0)
        scores = np.stack([self._known[pictures.base, p] for p in places], axis=1)
        return scores.reshape(-1, scores.shape[-1])

    def _variables(self) -> list[Any]:
        return [*self._seen.weights, *self._seen.optimizer.variables]

    def _save(self) -> None:
        facts = {
            "settings": self.settings,
            "step": self.step,
            "seconds": self._seconds,
            "losses": self._losses,
        }
        values = map(keras.ops.convert_to_numpy, self._variables())
        with writing_whole(self._state) as temporary, temporary.open("wb") as file:
            np.savez(file, *values, facts=np.array(json.dumps(facts)))

    def _resume(self) -> None:
        with np.load(self._state) as kept:
            facts = json.loads(str(kept["facts"]))
            if facts["settings"] != self.settings:
                raise ValueError(
                    f"{self._state} belongs to a training with other settings: "
                    f"{facts['settings']}, now {self.settings}. Choose another --out, "
                    "or pass --overwrite."
                )
            for number, variable in enumerate(self._variables()):
                variable.assign(kept[f"arr_{number}"])
        self.step, self._seconds = facts["step"], facts["seconds"]
        self._losses = facts["losses"]


def network(labels: Sequence[str], options: argparse.Namespace) -> tuple[Any, str]:
    """Build MelResNet50, and say what it starts from."""
    facts: Facts = {"labels": labels, "side": options.side, "dropout": 0.0}
    start = "from scratch"
    backbone = None if options.backbone == "none" else options.backbone
    try:
        model = MelResNet50(backbone=backbone, **facts)
        if backbone is not None:
            start = "from ImageNet's weights"
    except OSError as error:
        if backbone != "imagenet":
            raise
        print(f"From scratch, since the weights are unavailable: {error}")
        model = MelResNet50(**facts)
        start = "from scratch: ImageNet's weights could not be downloaded"
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = STATISTICS_MOMENTUM
    return model, start


def described(report: ClipReport) -> Facts:
    """Give the figures of a report, and its confusion matrix, for the result."""
    return {
        "pictures": len(report.paths),
        "accuracy": report.accuracy,
        "macro_f1": report.macro_f1,
        "class_names": [report.class_names[i] for i in report.seen],
        "confusion": report.confusion.tolist(),
    }


def _draw(report: ClipReport, path: Path) -> None:
    names = [report.class_names[i] for i in report.seen]
    plot.confusion_matrix(report.confusion, names, path, title=report.dataset)
