"""Run in a process of its own by test_bmtk_oracle.py: BMTK's pointnet simulates a SONATA configuration with NEST."""

from __future__ import annotations

import sys

import nest
from bmtk.simulator import pointnet


def main(path: str) -> None:
    """Simulate a configuration; BMTK writes its results to the output folder that this names."""
    nest.verbosity = nest.VerbosityLevel.ERROR
    configure = pointnet.Config.from_json(path)
    configure.build_env()
    network = pointnet.PointNetwork.from_config(configure)
    pointnet.PointSimulator.from_config(configure, network).run()


if __name__ == "__main__":
    main(sys.argv[1])
