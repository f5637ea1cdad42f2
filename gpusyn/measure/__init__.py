"""Measures of a recording as a physiologist takes them: synaptic currents and potentials, ratios, I-V curves.

All functions take plain arrays, or a :class:`~gpusyn.results.TraceData` and the names of its variables. Currents are
in pA (inward is negative), potentials in mV and times in ms. The trace is interpolated between its samples: a peak is
that of the polynomial through the highest samples, and a level crossing that of a cubic. Times are therefore more
precise than the sampling interval.

>>> import numpy as np
>>> from gpusyn import measure
>>> t = np.arange(0.0, 40.0, 0.05)
>>> s = np.maximum(t - 5.0, 0.0)
>>> epsc = measure.psc(t, -100.0 * (np.exp(-s / 4.0) - np.exp(-s / 0.5)), onset=5.0, fit=False)
>>> print(f"{epsc.peak:.2f} pA after {epsc.time_to_peak:.3f} ms")
-65.01 pA after 1.188 ms
"""

from typing import TYPE_CHECKING

from gpusyn.measure.clamp_experiment import IVCurve, iv_curve
from gpusyn.measure.current_voltage import negative_slope, reversal_potential, slope_conductance
from gpusyn.measure.ratios import NmdaAmpaRatio, nmda_ampa_ratio, paired_pulse_ratio
from gpusyn.measure.response import PSC, PSP, psc, psp
from gpusyn.receptors.nernst import nernst
from gpusyn.utils.calls import getattr_of

__all__ = [
    "PSC",
    "PSP",
    "IVCurve",
    "NmdaAmpaRatio",
    "iv_curve",
    "negative_slope",
    "nernst",
    "nmda_ampa_ratio",
    "paired_pulse_ratio",
    "psc",
    "psp",
    "reversal_potential",
    "slope_conductance",
]

if not TYPE_CHECKING:  # hidden from type checkers, which would take any name for an attribute
    __getattr__ = getattr_of(__name__, __all__)
