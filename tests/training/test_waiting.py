"""Batches read ahead, and the time that training steps wait for them."""

import threading
import time

import keras
import numpy as np
import pytest

from kerasaudio.datasets import from_folder
from kerasaudio.training import Schedule, train
from kerasaudio.training.waiting import ReadAhead

SLOW = 0.2  # seconds that a window takes


class Numbered(keras.utils.PyDataset):
    """Batches that say which epoch they are of, and what was read when."""

    epoch = 0

    def __init__(self):
        super().__init__()
        self.read, self.threads = [], set()

    def __len__(self):
        return 3

    def __getitem__(self, index):
        self.read.append((self.epoch, index))
        self.threads.add(threading.current_thread().name)
        if index == 2 and self.epoch == 9:
            raise OSError("gone")
        return np.array([self.epoch, index])


def test_each_batch_is_read_once_and_of_its_epoch():
    batches = Numbered()
    ahead = ReadAhead(batches, batches)
    found = []
    for batches.epoch in (0, 1):
        found += [ahead[index].tolist() for index in range(len(ahead))]
    assert found == [[e, i] for e in (0, 1) for i in range(3)]
    assert batches.read == [(e, i) for e in (0, 1) for i in range(3)]
    assert len(batches.threads) == 2


def test_what_was_read_for_another_epoch_is_not_used():
    batches = Numbered()
    ahead = ReadAhead(batches, batches)
    assert ahead[0].tolist() == [0, 0]  # as Keras does to build a model
    batches.epoch = 9
    assert ahead[1].tolist() == [9, 1]
    with pytest.raises(OSError, match="gone"):
        ahead[2]
    assert ahead[0].tolist() == [9, 0]


def test_steps_that_wait_are_told(network, folder, tmp_path):
    def slow(window, rng):
        time.sleep(SLOW)
        return window

    clips = from_folder(folder)
    schedule = Schedule(unfreeze_epochs=2, batch_size=6)
    quick, late = (
        train(
            network(), clips, None, tmp_path / f"{name}.keras", schedule=schedule, **how
        )
        for name, how in {"quick": {}, "late": {"augment": slow}}.items()
    )
    # The steps of the second epoch are compiled already.
    assert 0 <= quick.epochs[1].waiting <= 1
    assert late.epochs[1].waiting > 0.6
    assert late.epochs[1].waiting > quick.epochs[1].waiting
    assert 0 < late.waiting < 1
