"""Run all scripts, or some, on one back end, and write what they saw: `python -m ... nest FILE [NAME ...]`."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import pickle
import sys
import traceback
import warnings
from pathlib import Path
from typing import Any

from tests.helpers.pynn_scripts import (
    cells,
    changes,
    connections,
    electrodes,
    networks,
    plasticity,
    recording,
    sources,
    views,
)
from tests.helpers.pynn_scripts.observed import Observed
from tests.helpers.pynn_scripts.registry import SCRIPTS

# Importing them has entered their scripts.
MODULES = (cells, electrodes, sources, changes, recording, connections, plasticity, views, networks)


def back_end(name: str) -> Any:
    """Return the module of a back end."""
    if name == "gpusyn":
        importlib.import_module("gpusyn.pynn").register()
    if name != "nest":
        return importlib.import_module(f"pyNN.{name}")
    os.environ["PATH"] = ""  # else PyNN finds nest-config, and compiles extensions that no script needs
    sim = importlib.import_module("pyNN.nest")
    # PyNN 0.13 does not say what V is called in NEST.
    sim.IF_curr_delta.variable_map, sim.IF_curr_delta.scale_factors = {"v": "V_m"}, {"v": 1.0}
    return sim


def see(sim: Any, name: str) -> dict[str, Observed] | str:
    """What one script saw, or the error that ended it."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            return SCRIPTS[name](sim)
    except Exception:  # of any kind: the others go on
        return traceback.format_exc()


def main(name: str, file: str, *chosen: str) -> None:
    """Run the chosen scripts."""
    warnings.simplefilter("ignore")
    sim = back_end(name)
    seen = {script: see(sim, script) for script in SCRIPTS if not chosen or script.startswith(chosen)}
    Path(file).write_bytes(pickle.dumps(seen))


if __name__ == "__main__":
    main(*sys.argv[1:])
