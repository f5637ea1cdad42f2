"""The names that the package gives, what importing it brings, and its errors."""

import pickle
import re
import subprocess
import sys
from typing import get_args

import pytest

import gpusyn as gs
from gpusyn.network.recorder import TraceName
from gpusyn.utils import calls


def test_import_needs_numpy_only():
    code = "import sys, gpusyn; print([m for m in sys.modules if m.split('.')[0] in sys.argv[1:]])"
    optional = ["h5py", "scipy", "matplotlib", "tqdm", "cupy", "pandas", "neo"]
    done = subprocess.run([sys.executable, "-c", code, *optional], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_promised_name_is_exported():
    assert set(dir(gs)) == {*gs.__all__, "__version__"}  # what completion shows: nothing but what users use
    for name in gs.__all__:
        assert getattr(gs, name) is not None


def test_plan_stays_a_function_once_its_module_is_imported():
    code = "import gpusyn.builder.plan, gpusyn; gpusyn.Simulator; print(callable(gpusyn.plan))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Netwrok'"):
        gs.Netwrok  # noqa: B018


def test_a_call_that_is_right_costs_no_look_at_the_signature(monkeypatch):
    def fail(function):
        raise AssertionError(function)

    with monkeypatch.context() as patch:
        patch.setattr(calls.inspect, "signature", fail)

        @calls.public
        def divided(number, by=2):
            return number / by

        assert divided(6, by=3) == 2
    with pytest.raises(gs.ArgumentError, match=r"unknown argument 'with'; it takes number, by"):
        divided(6, **{"with": 3})
    with pytest.raises(TypeError, match="unsupported operand") as error:
        divided(6, "3")
    assert not isinstance(error.value, gs.ArgumentError)


def test_what_a_network_makes_is_not_made_by_hand():
    for kind in (
        gs.Population,
        gs.Selection,
        gs.Projection,
        gs.Drive,
        gs.Injection,
        gs.Clamp,
        gs.Recorder,
        gs.Infusion,
    ):
        for given, named in (((), {}), ((10,) * 12, {}), ((10,), {"cellclass": gs.LIF})):
            with pytest.raises(gs.ArgumentError) as error:
                kind(*given, **named)
            made_by = re.match(rf"{kind.__name__}\(\): is not made by hand, but by (.*); write that", str(error.value))[
                1
            ]
            method = re.match(r"net\.(\w+)\(", made_by)
            assert hasattr(gs.Network, method[1]) if method else "E + I" in made_by


class TestErrors:
    @pytest.mark.parametrize(
        ("error", "builtin"),
        [
            ("ParameterError", ValueError),
            ("ArgumentError", TypeError),
            ("UnknownNameError", LookupError),
            ("PlanMemoryError", MemoryError),
            ("BackendError", RuntimeError),
            ("SimulationError", RuntimeError),
            ("FileError", OSError),
            ("MissingDependencyError", ImportError),
            ("ImmutableError", AttributeError),
        ],
    )
    def test_each_is_a_builtin_too_and_prints_its_text(self, error, builtin):
        kind = getattr(gs, error)
        assert issubclass(kind, gs.GpusynError)
        assert issubclass(kind, builtin)
        assert str(kind("place: what")) == "place: what"
        assert str(pickle.loads(pickle.dumps(kind("place: what")))) == "place: what"


def test_parameters_of_a_model_are_completed():
    assert {"C_m", "V_th", "replaced"} <= set(dir(gs.LIF()))


def test_type_checkers_know_every_variable_of_the_public_models():
    net, receptors = gs.Network(), [gs.AMPA(), gs.NMDA(), gs.GABA_A(), gs.GABA_B()]
    models = [
        gs.LIF(),
        gs.LIF(theta_jump=1.0, tau_theta=9.0),
        gs.GLIF(),
        gs.AdEx(),
        gs.Izhikevich(),
        gs.HodgkinHuxley(),
    ]
    populations = [net.population(str(k), 1, model, receptors=receptors) for k, model in enumerate(models)]
    variables = {name for population in populations for name in population.variables}
    assert set(get_args(TraceName)) == variables
