"""Masks and weights by distance against NEST: where every pair inside is connected, the synapses are the same."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import gpusyn as gs
from tests.helpers.paths import NEST_SCRIPTS

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(
        importlib.util.find_spec("nest") is None, reason='NEST is not installed: pip install -e ".[oracle]"'
    ),
]

EXTENT, BETA = 4.0, 0.7
RANDOM = np.random.default_rng(3)
PLACES = {side: RANDOM.uniform(-EXTENT / 2, EXTENT / 2, (n, 2)) for side, n in (("pre", 150), ("post", 120))}

#: gpusyn's mask, NEST's kind and parameters, and NEST's anchor.
CASES = {
    "rectangle": (
        gs.Rectangle((-0.3, -0.8), (0.9, 0.5)),
        ("rectangular", {"lower_left": [-0.3, -0.8], "upper_right": [0.9, 0.5]}, None),
    ),
    "ring": (gs.Annulus(0.4, 1.1), ("doughnut", {"inner_radius": 0.4, "outer_radius": 1.1}, None)),
    "disc aside": (gs.Annulus(0.0, 0.8, anchor=(0.5, -0.3)), ("circular", {"radius": 0.8}, [0.5, -0.3])),
    "ellipse": (gs.Ellipse(2.4, 1.0), ("elliptical", {"major_axis": 2.4, "minor_axis": 1.0}, None)),
    "ellipse turned": (
        gs.Ellipse(2.4, 1.0, azimuth_angle=35.0, anchor=(-0.2, 0.3)),
        ("elliptical", {"major_axis": 2.4, "minor_axis": 1.0, "azimuth_angle": 35.0}, [-0.2, 0.3]),
    ),
}


@pytest.fixture(scope="module")
def nest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    folder = tmp_path_factory.mktemp("nest")
    cases = {
        f"{name} {wrap}": {"kind": kind, "mask": mask, "anchor": anchor, "wrap": wrap}
        for name, (_, (kind, mask, anchor)) in CASES.items()
        for wrap in (False, True)
    }
    sides = {side: values.tolist() for side, values in PLACES.items()}
    task = {"extent": [EXTENT, EXTENT], "beta": BETA, "cases": cases, **sides}
    (folder / "task.json").write_text(json.dumps(task), encoding="utf-8")
    command = [sys.executable, str(NEST_SCRIPTS / "masks.py"), str(folder / "task.json"), str(folder / "found.npz")]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return dict(np.load(Path(folder / "found.npz")))


@pytest.mark.parametrize("wrap", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_nest_contacts_the_same_neurons_with_the_same_weights(name, wrap, nest):
    net = gs.Network()
    pre, post = (
        net.population(side, len(where), gs.LIF(), receptors=gs.AMPA(), positions=where)
        for side, where in PLACES.items()
    )
    boundary = {"boundary": "periodic", "extent": EXTENT} if wrap else {}
    rule = gs.DistanceDependent(mask=CASES[name][0], **boundary)
    weight = gs.DistanceWeight(lambda d: 2.0 * np.exp(-d / BETA))
    projection = net.connect(pre, post, rule, receptor="AMPA", weight=weight)
    with gs.Simulator(net, backend="numpy", precision="double") as sim:
        found = sim.weights(projection)
    theirs = {key: nest[f"{name} {wrap} {key}"] for key in ("pre", "post", "weight")}
    order = np.lexsort((theirs["post"], theirs["pre"]))
    assert len(found.pre) > 1000
    assert found.pre.tolist() == theirs["pre"][order].tolist()
    assert found.post.tolist() == theirs["post"][order].tolist()
    np.testing.assert_allclose(found.weight, theirs["weight"][order], rtol=1e-9)
