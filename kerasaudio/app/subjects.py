"""What our own drawings show, and the labels that they stand for.

The labels are those of AudioSet, of ESC-50 and of Speech Commands' data sets' kind:
names in capitals or with underscores are the same.
"""

from typing import NamedTuple


class Subject(NamedTuple):
    """A drawing.

    Attributes:
        name: Name of its files, such as "dog".
        title: What a child is told.
        labels: Labels of networks that it stands for.
        is_animal: Whether children's mode shows it.
    """

    name: str
    title: str
    labels: tuple[str, ...]
    is_animal: bool = True


_DOG = "Dog|Bark|Yip|Howl|Bow-wow|Growling|Whimper (dog)|Canidae, dogs, wolves"
_ROOSTER = "Chicken, rooster|Cluck|Crowing, cock-a-doodle-doo|Fowl|Rooster|Hen"
_BIRD = (
    "Bird|Bird vocalization, bird call, bird song|Chirp, tweet|Squawk|Crow|Caw|"
    "Pigeon, dove|Coo|Chirping birds"
)
_SPEECH = (
    "Speech|Male speech, man speaking|Female speech, woman speaking|"
    "Child speech, kid speaking|Conversation|Narration, monologue|Babbling|"
    "Speech synthesizer|Whispering|Shout|Yell"
)
_LAUGHTER = (
    "Laughter|Baby laughter|Giggle|Snicker|Belly laugh|Chuckle, chortle|Laughing"
)
_MUSIC = (
    "Music|Musical instrument|Singing|Song|Piano|Guitar|Choir|Drum|Drum kit|Violin, "
    "fiddle|Flute|Trumpet|Whistling|Humming"
)
_SIREN = (
    "Siren|Emergency vehicle|Police car (siren)|Ambulance (siren)|"
    "Fire engine, fire truck (siren)|Civil defense siren"
)
_CAR = (
    "Car|Vehicle|Motor vehicle (road)|Engine|Vehicle horn, car horn, honking|Truck|"
    "Car passing by|Idling|Accelerating, revving, vroom|Car horn|Traffic noise, "
    "roadway noise"
)
_WATER = (
    "Water|Rain|Raindrop|Rain on surface|Stream|Waterfall|Ocean|Waves, surf|Drip|Pour|"
    "Sea waves|Water drops|Pouring water"
)
_BELL = (
    "Bell|Church bell|Doorbell|Ding-dong|Telephone bell ringing|Alarm clock|"
    "Bicycle bell|Jingle bell|Church bells|Clock alarm"
)


def _subject(name: str, title: str, labels: str, is_animal: bool = True) -> Subject:
    return Subject(name, title, tuple(labels.split("|")), is_animal)


SUBJECTS = (
    _subject("dog", "A dog", _DOG),
    _subject("cat", "A cat", "Cat|Meow|Purr|Caterwaul"),
    _subject("cow", "A cow", "Cattle, bovinae|Moo|Cow"),
    _subject("horse", "A horse", "Horse|Neigh, whinny|Clip-clop"),
    _subject("pig", "A pig", "Pig|Oink"),
    _subject("sheep", "A sheep", "Sheep|Bleat|Goat"),
    _subject("rooster", "A rooster", _ROOSTER),
    _subject("duck", "A duck", "Duck|Quack|Goose|Honk"),
    _subject("bird", "A bird", _BIRD),
    _subject("owl", "An owl", "Owl|Hoot"),
    _subject("frog", "A frog", "Frog|Croak"),
    _subject("lion", "A lion", "Roaring cats (lions, tigers)|Roar"),
    _subject("mouse", "A mouse", "Mouse|Rodents, rats, mice"),
    _subject(
        "bee",
        "A bee",
        "Bee, wasp, etc.|Buzz|Insect|Mosquito|Fly, housefly|Insects",
    ),
    _subject("speech", "Somebody speaks", _SPEECH, False),
    _subject("laughter", "Somebody laughs", _LAUGHTER, False),
    _subject("music", "Music", _MUSIC, False),
    _subject("siren", "A siren", _SIREN, False),
    _subject("car", "A car", _CAR, False),
    _subject("water", "Water", _WATER, False),
    _subject("bell", "A bell", _BELL, False),
    _subject("clapping", "Applause", "Clapping|Applause|Hands", False),
)
QUIET = Subject("quiet", "Quiet", (), False)  # while nothing is heard
POSES = 2  # drawings of each: at rest, and while it is heard
