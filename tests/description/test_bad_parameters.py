"""No parameter takes junk, and no class an unknown keyword."""

import pytest

import gpusyn as gs
from gpusyn import kinetics
from gpusyn.errors import ArgumentError
from gpusyn.neurons import NEURONS
from gpusyn.receptors import RECEPTORS
from tests.helpers.wrong_input import JUNK, NUMBERS


def numeric_parameters():
    for model in [*NEURONS.values(), *RECEPTORS.values()]:
        for row in model.parameters():
            if isinstance(row.default, float):
                yield pytest.param(model, row.name, id=f"{model.__name__}.{row.name}")
    for name in ("tau", "tau_rise", "tau_decay"):
        yield pytest.param(
            lambda **kw: gs.CurrentReceptor("x", **{"tau": 1.0, **kw}), name, id=f"CurrentReceptor.{name}"
        )
    for kind, fields in {
        kinetics.Exponential: ["tau"],
        kinetics.Alpha: ["tau"],
        kinetics.DualExponential: ["tau_rise", "tau_decay"],
        kinetics.FirstOrder: ["alpha", "beta", "T_max", "T_dur"],
        kinetics.Saturating: ["alpha"],
        kinetics.GProtein: ["K1", "K2", "K3", "K4", "K_d", "T_max", "T_dur"],
    }.items():
        for field in fields:
            others = {name: 1.0 for name in fields if name != field}
            yield pytest.param(
                lambda kind=kind, others=others, **kw: kind(**others, **kw),
                field,
                id=f"{kind.__name__}.{field}",
            )


@pytest.mark.parametrize(("make", "name"), list(numeric_parameters()))
def test_no_parameter_takes_junk(make, name):
    for junk in JUNK + NUMBERS:
        if junk is None and name.startswith("tau"):
            continue  # None is "not given" there
        with pytest.raises(gs.GpusynError, match=name):
            make(**{name: junk})


@pytest.mark.parametrize("kind", [*NEURONS.values(), *RECEPTORS.values(), gs.Waveform, gs.Ratio, kinetics.Alpha])
def test_no_class_takes_an_unknown_keyword(kind):
    with pytest.raises(ArgumentError, match=rf"^{kind.__name__}\(\): unknown argument 'colour'.*; it takes \w+"):
        kind(colour=1)
