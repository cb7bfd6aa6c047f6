"""Old names of modules, attributes and arguments: they work and warn once."""

import functools
import importlib
import importlib.util
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, TypeVar

Called = TypeVar("Called", bound=Callable[..., Any])

# Old module -> new module, including submodules, since 0.1.0.
_MODULES = {
    "kerasaudio.datasets.batches": "kerasaudio.datasets.batching.batches",
    "kerasaudio.datasets.predict": "kerasaudio.evaluation.predict",
    "kerasaudio.export": "kerasaudio.exporting",
    "kerasaudio.models.audio_model": "kerasaudio.core.audio_model",
    "kerasaudio.models.named": "kerasaudio.loading",
    "kerasaudio.models.spec": "kerasaudio.core.spec",
    "kerasaudio.tagging": "kerasaudio.cli.tagging",
    "kerasaudio.weights.cache": "kerasaudio.files.cache",
    "kerasaudio.weights.convert.native": "kerasaudio.checkpoints.native",
    "kerasaudio.weights.errors": "kerasaudio.files.errors",
    "kerasaudio.weights.tf1_checkpoint": "kerasaudio.checkpoints.tf1_checkpoint",
    "kerasaudio.weights.torch_file": "kerasaudio.checkpoints.torch_file",
}
_PACKAGES = {"kerasaudio.weights.convert": "kerasaudio.checkpoints"}


def getattr_of(module: str, names: Mapping[str, str]) -> Callable[[str], Any]:
    """Return the `__getattr__` of a module from which names have moved.

    Args:
        module: Name of the module.
        names: Old name -> new place, such as "kerasaudio.core.AudioModel".
    """

    told = set()

    def find(name: str) -> Any:
        if name not in names:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        home, _, now = names[name].rpartition(".")
        if name not in told:
            told.add(name)
            warn_old(f"{module}.{name}", names[name], stacklevel=3)
        return getattr(importlib.import_module(home), now)

    return find


def renamed(**names: str) -> Callable[[Called], Called]:
    """Return a decorator that lets a function or class take arguments by old names.

    Args:
        **names: Old name -> new name.
    """

    def decorate(called: Called) -> Called:
        target: Any = called.__init__ if isinstance(called, type) else called  # type: ignore[misc]

        @functools.wraps(target)
        def take(*args: Any, **arguments: Any) -> Any:
            for old, new in names.items():
                if old in arguments:  # dataclasses.replace also passes the new name
                    warn_old(f"{called.__qualname__}({old}=)", f"{new}=", stacklevel=3)
                    arguments[new] = arguments.pop(old)
            return target(*args, **arguments)

        if not isinstance(called, type):
            return take  # type: ignore[return-value]
        called.__init__ = take  # type: ignore[misc]
        return called

    return decorate


def old_attribute(old: str, new: str) -> Any:
    """Return a property that reads an attribute by its old name."""

    def find(self: Any) -> Any:
        owner = type(self).__name__
        warn_old(f"{owner}.{old}", f"{owner}.{new}", stacklevel=3)
        return getattr(self, new)

    return property(find, doc=f"Old name of `{new}`.")


def warn_old(old: str, new: str, stacklevel: int) -> None:
    """Warn that an old name was used."""
    warnings.warn(
        f"{old} is now {new}; the old name will be removed in 1.0.",
        FutureWarning,
        stacklevel=stacklevel,
    )


def _now(name: str) -> str | None:
    """Return the new name of a module; None if it has not moved."""
    for old, new in (_MODULES | _PACKAGES).items():
        if name == old or name.startswith(f"{old}."):
            return new + name.removeprefix(old)
    return None


class _OldModules(MetaPathFinder, Loader):
    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        new = _now(name)
        if new is None or importlib.util.find_spec(new) is None:
            return None
        return ModuleSpec(name, self, is_package=True)

    def create_module(self, spec: ModuleSpec) -> Any:
        new = _now(spec.name)
        assert new is not None
        module = importlib.import_module(new)
        if spec.name not in _PACKAGES:
            warn_old(spec.name, new, stacklevel=3)
        if spec.name == "kerasaudio.export":
            return vars(module)["export"]  # the function, with the module's names
        # A copy, as Python would write the old name into the module itself.
        old = ModuleType(spec.name, module.__doc__)
        vars(old).update(
            {
                key: value
                for key, value in vars(module).items()
                if key[:2] != "__" or key == "__getattr__"
            }
        )
        return old

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing: the module has already been run under its new name."""


def install() -> None:
    """Make old modules importable."""
    if not any(isinstance(finder, _OldModules) for finder in sys.meta_path):
        sys.meta_path.append(_OldModules())
