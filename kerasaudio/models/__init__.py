"""The networks: one file per family of papers, with its factories and its converter.

Every factory returns a `kerasaudio.AudioModel`.
"""

from inspect import isfunction

from kerasaudio.core.architecture import ARCHITECTURES
from kerasaudio.core.build import complete
from kerasaudio.models.audio_mae import AudioMAE
from kerasaudio.models.audio_spectrogram_transformer import AST
from kerasaudio.models.bark_net import BarkNet
from kerasaudio.models.beats import BEATs
from kerasaudio.models.ced import CED
from kerasaudio.models.choi import CRNN, FCN
from kerasaudio.models.clap import CLAP
from kerasaudio.models.cnnsa import CNNSA
from kerasaudio.models.dasheng import Dasheng
from kerasaudio.models.ds_cnn import DSCNN
from kerasaudio.models.eat import EAT
from kerasaudio.models.edgel3 import EdgeL3
from kerasaudio.models.efficient_at import EfficientAT
from kerasaudio.models.fire_red_aed import FireRedAED
from kerasaudio.models.harmonic_cnn import HarmonicCNN
from kerasaudio.models.htsat import HTSAT
from kerasaudio.models.lenet_mfcc import LeNetMFCC
from kerasaudio.models.log_mel_cnn import LogMelCNN
from kerasaudio.models.maest import MAEST
from kerasaudio.models.mel_resnet50 import MelResNet50
from kerasaudio.models.music_vgg import MusicVGG
from kerasaudio.models.musicnn import MusiCNN
from kerasaudio.models.openl3 import OpenL3
from kerasaudio.models.panns import CNN6, CNN10, CNN14
from kerasaudio.models.panns_decision_level import (
    CNN14DecisionLevelAtt,
    CNN14DecisionLevelMax,
)
from kerasaudio.models.panns_mobilenet import PANNsMobileNetV1, PANNsMobileNetV2
from kerasaudio.models.panns_resnet import PANNsResNet
from kerasaudio.models.panns_wavegram import WavegramLogmelCNN14
from kerasaudio.models.passt import PaSST
from kerasaudio.models.rese2_multi import ReSE2Multi
from kerasaudio.models.sample_cnn import SampleCNN, SampleCNNSE
from kerasaudio.models.short_chunk import ShortChunkCNN, ShortChunkResNet
from kerasaudio.models.silero_vad import SileroVAD
from kerasaudio.models.sound_event_crnn import SoundEventCRNN
from kerasaudio.models.speaker_encoder import SpeakerEncoder
from kerasaudio.models.speech_gru import SpeechGRU
from kerasaudio.models.speech_music_noise import SpeechMusicNoise
from kerasaudio.models.vggish import VGGish, vggish_postprocess
from kerasaudio.models.wav2vec2 import HuBERT, Wav2Vec2
from kerasaudio.models.whisper_encoder import WhisperEncoder
from kerasaudio.models.yamnet import YAMNet
from kerasaudio.moved import getattr_of

FACTORIES = {
    name: value
    for name, value in list(globals().items())
    if isfunction(value) and name[0].isupper()
}

for _name, _factory in FACTORIES.items():
    complete(_factory, ARCHITECTURES[_name])

__all__ = ["FACTORIES", "vggish_postprocess", *FACTORIES]

__getattr__ = getattr_of(
    __name__,
    {name: f"kerasaudio.core.{name}" for name in ("AudioModel", "AudioSpec")},
)
