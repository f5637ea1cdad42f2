"""Plots of results, each with one call: raster, rates, distributions, traces, and an overview of a whole run.

matplotlib is imported only when something is drawn. Colour-blind readers can tell the colours apart: seven are those of
Okabe and Ito (Wong 2011, Nature Methods 8: 441), the last two are Tol's indigo and wine.
"""

from typing import TYPE_CHECKING

from gpusyn.plot.overview_figure import overview
from gpusyn.plot.spike_plots import distributions, raster, rates
from gpusyn.plot.trace_plots import traces
from gpusyn.utils.calls import getattr_of

__all__ = ["distributions", "overview", "raster", "rates", "traces"]

if not TYPE_CHECKING:  # hidden from type checkers, which would take any name for an attribute
    __getattr__ = getattr_of(__name__, __all__)
