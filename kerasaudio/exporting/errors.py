"""What an export raises."""


class ExportError(ValueError):
    """A model cannot be exported so, or what came out does not do what the model does.

    Nothing is left at the path that was asked for.
    """
