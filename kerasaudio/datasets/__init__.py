"""Data sets: where the clips are, their classes, folds and recordings; batches of them.

Every data set is a `LabeledClips`; each has its own file. `from_folder` and
`from_table` load your own clips; `split` and `k_fold` keep each recording on one side.
`LabeledBatches` takes what someone else's loader makes of clips.
"""

from kerasaudio.datasets.archives import download
from kerasaudio.datasets.audioset import AudioSet
from kerasaudio.datasets.audioset_strong import AudioSetStrong
from kerasaudio.datasets.batching.batches import ClipBatches
from kerasaudio.datasets.birdset import BirdSet
from kerasaudio.datasets.clips import LabeledClips
from kerasaudio.datasets.desed import DESED
from kerasaudio.datasets.esc50 import ESC50
from kerasaudio.datasets.folder import from_folder
from kerasaudio.datasets.fsd50k import FSD50K
from kerasaudio.datasets.fsdd import FSDD
from kerasaudio.datasets.gtzan import GTZAN
from kerasaudio.datasets.magnatagatune import MagnaTagATune
from kerasaudio.datasets.nsynth import NSynth
from kerasaudio.datasets.openmic import OpenMIC2018
from kerasaudio.datasets.speech_commands import SpeechCommands
from kerasaudio.datasets.split import k_fold, split
from kerasaudio.datasets.streams.clips import LabeledStream
from kerasaudio.datasets.streams.loaders import LabeledBatches
from kerasaudio.datasets.table import from_table
from kerasaudio.datasets.urbansound8k import UrbanSound8K
from kerasaudio.moved import getattr_of

__all__ = [
    "DESED",
    "ESC50",
    "FSD50K",
    "FSDD",
    "GTZAN",
    "AudioSet",
    "AudioSetStrong",
    "BirdSet",
    "ClipBatches",
    "LabeledBatches",
    "LabeledClips",
    "LabeledStream",
    "MagnaTagATune",
    "NSynth",
    "OpenMIC2018",
    "SpeechCommands",
    "UrbanSound8K",
    "download",
    "from_folder",
    "from_table",
    "k_fold",
    "split",
]

__getattr__ = getattr_of(
    __name__,
    {
        "LabelledClips": "kerasaudio.datasets.LabeledClips",
        "predict_clips": "kerasaudio.evaluation.predict_clips",
    },
)
