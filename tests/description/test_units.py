"""Quantities with units are converted wherever a number is taken, also inside distributions and waveforms."""

from __future__ import annotations

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.errors import ParameterError

# What astropy knows, of what gpusyn may ask for: the dimension and the size in SI units.
KNOWN = {
    "": ("1", 1.0), "ms": ("s", 1e-3), "mV": ("V", 1e-3), "nA/V": ("S", 1e-9), "pA": ("A", 1e-12), "pF": ("F", 1e-12),
    "Hz": ("1/s", 1.0), "1/ms": ("1/s", 1e3), "mV/ms": ("V/s", 1.0), "mol/m**3": ("mol/m3", 1.0),
    "mmol/m**3": ("mol/m3", 1e-3), "m**3/(mol*ms)": ("m3/mol/s", 1e3), "mmol/(m**3*ms)": ("mol/m3/s", 1.0),
}  # fmt: skip


class Quantity(np.ndarray):
    """A quantity in an SI unit, as strict as one of astropy: it has no list, and knows no nS, mM or dimensionless."""

    unit = ""

    def __new__(cls, si, unit):
        self = np.asarray(si, dtype=np.float64).view(cls)
        self.unit = unit
        return self

    @property
    def value(self):
        return self.view(np.ndarray)

    def to(self, name):
        dimension, size = KNOWN[name]
        if dimension != self.unit:
            raise ValueError(f"{self.unit} and {dimension} are not convertible")
        return Quantity(self.value / size, dimension)

    def tolist(self):
        raise NotImplementedError("a list would lose the unit")

    def __repr__(self):
        return f"<{self.value.tolist()} {self.unit}>"


def close(given, expected):
    return given == pytest.approx(expected, rel=1e-12)


def test_distributions_take_quantities() -> None:
    net = gs.Network()
    V = gs.Uniform(Quantity(-0.07, "V"), Quantity(-0.06, "V"))
    cells = net.population("cells", 3, gs.LIF(E_L=V), receptors=[gs.AMPA()], V=V)
    weight = gs.LogNormal(Quantity(1e-9, "S"), Quantity(5e-10, "S"), low=0)
    delay = gs.Gamma(Quantity(2.0, "1"), Quantity(0.001, "s"), low=Quantity(1e-4, "s"))
    made = net.connect(cells, cells, gs.AllToAll(), receptor="AMPA", weight=weight, delay=delay)
    assert close(V.bounds(), (-70.0, -60.0))
    assert close((weight.mean, weight.std), (1.0, 0.5))
    assert close((delay.shape, delay.scale, delay.low), (2.0, 1.0, 0.1))
    assert made.weights["AMPA"] is weight
    assert made.delay is delay


def test_what_is_drawn_decides_between_units_of_one_dimension() -> None:
    rate = gs.Uniform(Quantity(10.0, "1/s"), Quantity(20.0, "1/s"))
    assert close(gs.Izhikevich(a=rate).a.bounds(), (0.01, 0.02))  # 1/ms
    glycine = gs.Waveform([0.0, 1.0], Quantity([1e-3, 2e-3], "mol/m3"))
    assert close(gs.NMDA(glycine=glycine).glycine.values, [1.0, 2.0])  # uM
    assert close(gs.NMDA(Mg=glycine).Mg.values, [1e-3, 2e-3])  # mM
    assert close(gs.PoissonSource(rate=gs.Waveform([0.0], Quantity([10.0], "1/s"))).values["rate"].values, [10.0])


def test_waveforms_take_quantities() -> None:
    net = gs.Network()
    cells = net.population("cells", 3, gs.LIF())
    for values in (Quantity([0.0, 1e-9], "A"), [0, Quantity(1e-9, "A")]):
        wave = gs.Waveform(Quantity([0.0, 1.0], "s"), values)
        assert close(net.inject(cells, wave).current.values, [0.0, 1000.0])
        assert close(wave.times, [0.0, 1000.0])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: gs.LIF(E_L=gs.Normal(Quantity(1.0, "s"), Quantity(0.1, "s"))), r"LIF.E_L: must be in mV .* in ms\)"),
        (lambda: gs.NMDA(Mg=gs.Waveform([0], Quantity([1.0], "V"))), r"NMDA.Mg: must be in mM .* in mV\)"),
        (lambda: gs.Normal(Quantity(1.0, "s"), 2.0), "Normal: must have units throughout or nowhere"),
        (lambda: gs.Normal(Quantity(1.0, "s"), Quantity(1.0, "V")), "Normal.std: must be in ms"),
        (lambda: gs.Normal(Quantity(1.0, "m"), Quantity(1.0, "m")), r"unit like one of gpusyn's, ms, .* \(got <1.0 m>"),
        (lambda: gs.LIF(C_m=Quantity(0.2, "V")), r"LIF.C_m: must be in pF \(got <0.2 V>\)"),
    ],
)
def test_another_dimension_is_refused(make, message) -> None:
    with pytest.raises(ParameterError, match=message):
        make()


def test_pure_numbers_concentrations_and_conductances() -> None:
    assert gs.FixedProbability(Quantity(0.1, "1")).p == 0.1
    assert gs.Ratio("AMPA", Quantity(0.1, "1")).factor == 0.1
    assert gs.Uniform(Quantity(0.1, "1"), Quantity(0.2, "1")).bounds() == (0.1, 0.2)
    assert close(gs.LIF(g_L=Quantity(1e-8, "S")).g_L, 10.0)
    assert close(gs.NMDA(Mg=Quantity(1.0, "mol/m3"), glycine=Quantity(0.01, "mol/m3")).glycine, 10.0)
    first = gs.kinetics.FirstOrder(alpha=Quantity(1100.0, "m3/mol/s"), beta=Quantity(190.0, "1/s"))
    assert close((first.alpha, first.beta), (1.1, 0.19))


def test_the_units_of_the_package_quantities() -> None:
    pq = pytest.importorskip("quantities")
    assert close(gs.Uniform(-0.07 * pq.V, -60 * pq.mV).bounds(), (-70.0, -60.0))
    assert close(gs.LogNormal(1 * pq.nS, 0.5 * pq.nS).mean, 1.0)
    assert close(gs.NMDA(Mg=gs.Waveform([0, 1] * pq.s, [1, 2] * pq.mM)).Mg.values, [1.0, 2.0])
