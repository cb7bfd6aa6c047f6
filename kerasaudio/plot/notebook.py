"""A figure that a notebook shows, whether or not pyplot has been imported."""

import io
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

_PIXELS = 96  # of a page, in an inch


class NotebookFigure(Figure):
    """A figure that pyplot does not know, so that a notebook shows it only once.

    IPython draws plain figures only after pyplot or `%matplotlib` has told it how.
    """

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, bytes], dict[str, Any]]:
        """Return the picture as PNG and its size on a page, for IPython.

        So letters have one size in all figures, and are sharp on fine screens.
        """
        picture = io.BytesIO()
        FigureCanvasAgg(self).print_png(picture)
        width, height = self.get_size_inches()
        size = {"width": round(_PIXELS * width), "height": round(_PIXELS * height)}
        return {"image/png": picture.getvalue()}, {"image/png": size}
