"""The error that an export raises."""


class ExportError(ValueError):
    """A model cannot be exported as requested, or the result differs from the model.

    Nothing is left at the requested path.
    """
