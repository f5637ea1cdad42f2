"""What the wheel installs as ``pyNN/gpusyn.py``, among PyNN's back ends: ``import pyNN.gpusyn`` is gpusyn.pynn."""

import gpusyn.pynn

gpusyn.pynn.register()
