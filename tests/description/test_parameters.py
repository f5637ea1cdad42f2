"""Tables of parameters, waveforms, units and checks of values."""

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.errors import ArgumentError, ParameterError, UnknownNameError
from gpusyn.neurons import NEURONS
from gpusyn.parameters import scalars as checks
from gpusyn.parameters import values as drawn_or_given
from gpusyn.parameters.units import as_floats
from gpusyn.receptors import RECEPTORS


class TestParameterTables:
    @pytest.mark.parametrize("model", [*NEURONS.values(), *RECEPTORS.values()])
    def test_table_lists_the_arguments_with_units(self, model, capsys):
        table = model.parameters()
        print(table)
        printed = capsys.readouterr().out
        assert printed.startswith("name")
        for row in table:
            assert row.name in printed
            assert row.meaning in printed
        assert all(len(line) < 110 for line in printed.splitlines())
        assert "<table>" in table._repr_html_()

    @pytest.mark.parametrize("model", [gs.LIF, gs.PoissonSource])
    def test_stated_defaults_are_the_defaults(self, model):
        made = model()
        for row in model.parameters():
            assert getattr(made, row.name) == row.default

    @pytest.mark.parametrize("kind", [gs.AMPA, gs.NMDA, gs.GABA_A])
    def test_stated_receptor_defaults_are_the_defaults(self, kind):
        stated = {row.name: row.default for row in kind.parameters() if isinstance(row.default, float)}
        made, spelled_out = kind(), kind(**stated)
        assert (made.kinetics, made.E_rev, made.Mg) == (
            spelled_out.kinetics,
            spelled_out.E_rev,
            spelled_out.Mg,
        )


class TestWaveform:
    t = np.array([-1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 9.0])

    def test_step_holds(self):
        assert gs.Waveform([0, 1, 2], [5, 6, 7]).sample(self.t).tolist() == [0, 5, 5, 6, 6, 7, 7]

    def test_linear_joins(self):
        wave = gs.Waveform([0, 1, 2], [0, 10, 0], interpolation="linear")
        assert wave.sample(self.t).tolist() == [0, 0, 5, 10, 5, 0, 0]

    def test_before_the_first_time(self):
        assert gs.Waveform([0], [-70.0]).sample(self.t, before=-70.0).tolist() == [-70.0] * 7

    @pytest.mark.parametrize("dt", [0.1, 0.05, 0.025, 1 / 3])
    @pytest.mark.parametrize("interpolation", ["step", "linear"])
    def test_times_on_the_grid_start_at_their_step(self, dt, interpolation):
        """K times dt may fall short of the k-th time by a rounding error."""
        steps = np.arange(1, 200_000, 997)
        wave = gs.Waveform([round(float(k) * dt, 10) for k in steps], steps, interpolation=interpolation)
        np.testing.assert_allclose(wave.sample(steps * dt), steps, rtol=1e-6)

    def test_copies(self):
        mine = np.array([1.0, 2.0])
        wave = gs.Waveform(mine, mine)
        mine[:] = 9.0
        assert wave.times.tolist() == [1.0, 2.0]
        assert not wave.values.flags.writeable


class FakeQuantity:
    """A quantity of seconds or volts, as pint (``to``, ``magnitude``) or quantities (``rescale``) have it."""

    units = "SI"

    def __init__(self, si, way="to"):
        self.si = si
        setattr(self, way, self._convert)

    def _convert(self, unit):
        if unit not in ("ms", "mV"):
            raise RuntimeError(f"cannot convert to {unit}")
        return type("Converted", (), {"magnitude": 1000 * np.asarray(self.si), "units": unit})()


class Volts(float):
    """A number of volts that is a float, as elements of some arrays with units are."""

    units = "V"

    def to(self, unit):
        assert unit == "mV"
        return type("Converted", (), {"magnitude": 1000 * float(self), "units": unit})()


class TestUnits:
    @pytest.mark.parametrize("way", ["to", "rescale"])
    def test_quantities_are_converted(self, way):
        assert gs.LIF(t_ref=FakeQuantity(0.002, way)).t_ref == 2.0
        assert gs.LIF(V_th=FakeQuantity(np.array([-0.05, -0.04]), way)).V_th.tolist() == [-50.0, -40.0]
        assert gs.LIF(V_th=[FakeQuantity(-0.05, way), FakeQuantity(-0.04, way)]).V_th.tolist() == [
            -50.0,
            -40.0,
        ]

    @pytest.mark.parametrize("way", ["to", "rescale"])
    def test_one_quantity_among_numbers_and_at_any_depth(self, way):
        """Numpy alone would take the number of such a quantity, and forget its unit."""
        one = FakeQuantity(-0.05, way)
        assert gs.LIF(V_th=[one, -40.0]).V_th.tolist() == [-50.0, -40.0]
        assert gs.LIF(V_th=np.array([one, -40.0], dtype=object)).V_th.tolist() == [-50.0, -40.0]
        assert as_floats([[one, -40.0], (-30, one)], "x", "mV", "must be").tolist() == [[-50, -40], [-30, -50]]
        assert gs.LIF(V_th=Volts(-0.05)).V_th == -50.0

    def test_a_wrong_dimension_is_refused(self):
        with pytest.raises(ParameterError, match=r"LIF.C_m: must be in pF.*cannot convert to pF"):
            gs.LIF(C_m=FakeQuantity(1.0))


class TestChecks:
    @pytest.mark.parametrize("time", [0.3, 0.30000000000000004, 0.3 + 0.9e-5])
    def test_times_on_the_grid(self, time):
        assert checks.whole_steps(time, 0.1, "x") == 3

    @pytest.mark.parametrize("time", [0.35, 0.3 + 1.1e-5, 1e30])
    def test_times_off_the_grid(self, time):
        with pytest.raises(ParameterError, match=r"must be a multiple of dt = 0\.1 ms"):
            checks.whole_steps(time, 0.1, "x")

    def test_the_message_of_the_manual(self):
        text = r"^Projection 'I->E'\.delay: must be a multiple of dt = 0\.1 ms \(got 0\.25\); .* 0\.2 and 0\.3"
        with pytest.raises(ParameterError, match=text):
            checks.whole_steps(0.25, 0.1, "Projection 'I->E'.delay")

    def test_shortest_time(self):
        with pytest.raises(ParameterError, match=r"must be at least dt = 0\.1 ms \(got 0\)"):
            checks.whole_steps(0.0, 0.1, "x")
        assert checks.whole_steps(0.0, 0.1, "x", low=0) == 0

    def test_arrays_of_times(self):
        assert checks.whole_steps_array(np.array([0.1, 2.0]), 0.1, "x").tolist() == [1, 20]
        with pytest.raises(ParameterError, match=r"x\[1\]: must be a multiple"):
            checks.whole_steps_array(np.array([0.1, 0.25]), 0.1, "x")

    def test_drawn_values_are_checked_with_a_next_move(self):
        with pytest.raises(ParameterError, match=r"w\[1\]: must be .* >= 0 \(got -1.*drawn.*low="):
            drawn_or_given.check_drawn(np.array([1.0, -1.0]), "w", unit="nS", low=0.0)

    def test_public_classes_and_methods(self):
        @checks.public
        class Thing:
            def __init__(self, size, *, colour="red"):
                self.size = size

        assert Thing(3).size == 3
        with pytest.raises(ArgumentError, match=r"^Thing\(\): unknown argument 'color' \(did you mean 'colour'\?\)"):
            Thing(3, color="blue")
        with pytest.raises(ArgumentError, match=r"^Thing\(\): missing a required argument: 'size'; it takes size, col"):
            Thing()
        with pytest.raises(ArgumentError, match=r"^Thing\(\): got 2 without a keyword, at most 1 allowed \(size\)"):
            Thing(3, "blue")

    def test_nearest_ignores_case(self):
        with pytest.raises(UnknownNameError, match="did you mean 'GABA_A'"):
            checks.one_of("gaba_a", ["AMPA", "GABA_A"], "x")
