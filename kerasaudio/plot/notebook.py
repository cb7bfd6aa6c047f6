"""A figure that a notebook shows, whether or not pyplot has been imported."""

import io

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


class NotebookFigure(Figure):
    """A figure that pyplot does not know, so that a notebook shows it only once.

    IPython draws plain figures only after pyplot or `%matplotlib` has told it how.
    """

    def _repr_png_(self) -> bytes:
        """Return the picture as PNG, for IPython."""
        picture = io.BytesIO()
        FigureCanvasAgg(self).print_png(picture)
        return picture.getvalue()
