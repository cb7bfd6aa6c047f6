"""Simple drawings as SVG, by code: animals and things that can be heard."""

from drawing.animals import ANIMALS
from drawing.birds import BIRDS
from drawing.things import THINGS

DRAWINGS = {**ANIMALS, **BIRDS, **THINGS}

__all__ = ["DRAWINGS"]
