"""Synapses that release one by one: what is kept of each, in rows of their own (kernels/deliver_releases.cu).

Release is random, or parameters of short-term plasticity differ between the synapses of a source. What such synapses
have in common stays on the source: the time since its last event, and u unless it depends on a parameter that differs.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import Any, NamedTuple

import numpy as np

from gpusyn.builder.bundles import stored_form
from gpusyn.builder.layout import Bundle, Layout
from gpusyn.builder.rows.event_driven import in_units, index_of, sums_of
from gpusyn.builder.rows.stored import Pool
from gpusyn.equations.release import MOST_EVENTS, ReleaseCoefficients
from gpusyn.errors import ParameterError
from gpusyn.kernels.arrays import Extents, Owner, array_name
from gpusyn.kernels.program import filled  # noqa: F401
from gpusyn.kernels.records import Release, ReleaseSums, ReleasingSet, Route, write_rows
from gpusyn.network.plasticity import release_of, short_term_of
from gpusyn.network.projections import Projection
from gpusyn.numerics.rng import Stream, StreamPurpose, stream_key
from gpusyn.parameters.distributions import Distribution
from gpusyn.parameters.values import check_drawn
from gpusyn.utils.memory import pieces
from gpusyn.utils.typing import Array, Floats

BEGIN, DELIVER = "begin_releases", "deliver_releases"
_SLOWEST = 1e-30  # least rate: a time step over a time constant that is practically infinite
