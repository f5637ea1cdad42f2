"""What tests of wrong input share: values that nothing takes, and a network to make mistakes with."""

import numpy as np
import pytest

import gpusyn as gs
from gpusyn import kinetics

NAN, INF = float("nan"), float("inf")
JUNK = [True, np.True_, "1", None, 1j, {}, object(), [[1.0], [2.0, 3.0]], [True], ["1"], [None], b"1", {1.0}]
NUMBERS = [NAN, INF, -INF, 1e31, 10**400, np.float64("nan"), [1.0, NAN]]


class World:
    """A small network, and another one, for rows to make mistakes with."""

    def __init__(self):
        self.net = gs.Network()
        receptors = [gs.AMPA(), gs.NMDA(), gs.GABA_A(kinetics=kinetics.FirstOrder.GABA_A())]
        self.E = self.net.population("E", 10, gs.LIF(), receptors=receptors)
        self.I = self.net.population("I", 4, gs.LIF(), receptors=[gs.AMPA(), gs.GABA_A()])
        self.C = self.net.population("C", 4, gs.LIF(), receptors=[gs.CurrentReceptor("AMPA", tau=5.0)])
        self.bg = self.net.population("bg", 10, gs.PoissonSource(20.0))
        self.foreign_net = gs.Network()
        self.foreign = self.foreign_net.population("E", 10, gs.LIF(), receptors=[gs.AMPA()])

    def population(self, name="new", size=10, model=None, **options):
        return self.net.population(name, size, gs.LIF() if model is None else model, **options)

    def connect(self, **changed):
        given = {
            "pre": self.E,
            "post": self.I,
            "rule": gs.AllToAll(),
            "receptor": "AMPA",
            "weight": 1.0,
        } | changed
        return self.net.connect(**given)

    def drive(self, **changed):
        return self.net.drive(**({"target": self.E, "receptor": "AMPA", "rate": 100.0, "weight": 1.0} | changed))


def refused(error, parts, call, *arguments):
    """Check that a call raises `error`, and that its text holds all `parts` in this order."""
    with pytest.raises(error) as caught:
        call(*arguments)
    assert type(caught.value) is error
    text, at = str(caught.value), 0
    for part in parts:
        at = text.find(part, at)
        assert at >= 0, f"{part!r} is not in its place in: {text}"


def named(rows):
    """Return the rows of a table as test cases named after what their message says."""
    return [pytest.param(*row, id=" ".join(row[1][:3])) for row in rows]


def same_name(method, *arguments, **options):
    """Return a call that adds an input or a recorder of one name twice."""

    def call(w):
        for _ in range(2):
            getattr(w.net, method)(w.E, *arguments, **options)

    return call


def refused_without_a_trace(world, rows):
    """Check that every row is refused by an error of gpusyn's, and that the network stays as it was."""
    before = repr(world.net)
    for _, parts, call in rows:
        if "already" not in " ".join(parts):  # those add the first of two equal names
            with pytest.raises(gs.GpusynError):
                call(world)
    assert repr(world.net) == before
