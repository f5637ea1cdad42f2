"""The sparse random network of Brunel (2000), model A, with its four states of synchrony and regularity."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from gpusyn.connectivity.fixed_degree import FixedInDegree
from gpusyn.errors import ParameterError
from gpusyn.models.demonstration import Built, Demonstration, Full, Published, Run, Runs, mosaic
from gpusyn.network.network import Network
from gpusyn.neurons.lif import LIF
from gpusyn.parameters.distributions import Uniform
from gpusyn.parameters.scalars import integer, one_of, public, real
from gpusyn.plot.panels import BLUE, VERMILLION
from gpusyn.receptors.delta import DeltaReceptor
from gpusyn.utils.typing import Floats

DT = 0.1  # ms
N_E, N_I = 10_000, 2_500
C_E = 1000  # excitatory synapses of each neuron from the network; a quarter as many are inhibitory
MOST = 10**6  # synapses of a neuron
TAU, THETA, V_RESET, T_REF = 20.0, 20.0, 10.0, 2.0  # ms and mV above rest
J, DELAY = 0.1, 1.5  # mV and ms


class State(NamedTuple):
    """A point of the paper's figure 8: its letter, `g` and `nu_ext` of :func:`brunel`."""

    point: str
    g: float
    nu_ext: float


STATES = {
    "SR": State("A", 3.0, 2.0),
    "SI-fast": State("B", 6.0, 4.0),
    "AI": State("C", 5.0, 2.0),
    "SI-slow": State("D", 4.5, 0.9),
}


@public
def brunel(
    state: str = "AI",
    *,
    g: float | None = None,
    nu_ext: float | None = None,
    J: float = J,
    C_E: int = C_E,
    delay: float = DELAY,
    V_reset: float = V_RESET,
    scale: float = 1.0,
) -> Built:
    """Return the sparse random network of Brunel (2000), Journal of Computational Neuroscience 8: 183, model A.

    10,000 excitatory and 2,500 inhibitory LIF neurons receive spikes from 1,000 excitatory and 250 inhibitory others
    each, and Poisson spikes from outside. A spike makes V jump; what arrives in the refractory time is lost. V is
    relative to rest.

    Parameters
    ----------
    state : {"SR", "SI-fast", "AI", "SI-slow"}
        Point A, B, C or D of the paper's figure 8: synchronous regular, synchronous irregular with a fast oscillation,
        asynchronous irregular, and synchronous irregular with a slow oscillation. It sets `g` and `nu_ext`.
    g : float, optional
        Strength of inhibition: an inhibitory spike makes V jump by -g J; >= 0.
    nu_ext : float, optional
        Rate of the spikes from outside, over the rate nu_thr that alone would bring the mean of V to the threshold;
        >= 0.
    J : float
        Jump of V at an excitatory spike (mV), > 0.
    C_E : int
        Number of excitatory synapses of each neuron, from different other neurons; a quarter as many are inhibitory.
    delay : float
        Delay of all synapses (ms).
    V_reset : float
        Potential after a spike (mV), below the threshold of 20. NEST's examples have 0.
    scale : float
        Share of the neurons, above 0. They keep the number of their synapses, so rates hardly change, but fewer neurons
        share more of their input, and are more synchronous.

    Returns
    -------
    net : Network
    populations : dict of str to Population
        E and I.

    Raises
    ------
    ArgumentError
        If an argument has the wrong type.
    ParameterError
        If a value is out of range, or the network has fewer neurons than one of them has synapses.
    UnknownNameError
        If `state` is unknown.

    Examples
    --------
    >>> net, populations = brunel("SI-fast")
    >>> populations["E"].size, populations["I"].size
    (10000, 2500)
    >>> net, _ = brunel(g=7.0, nu_ext=3.0, scale=0.5)  # another point of the plane
    """
    where = "models.brunel()"
    point = STATES[one_of(state, STATES, f"{where}.state")]
    g = real(point.g if g is None else g, f"{where}.g", low=0.0)
    nu_ext = real(point.nu_ext if nu_ext is None else nu_ext, f"{where}.nu_ext", low=0.0)
    J = real(J, f"{where}.J", unit="mV", above=0.0)
    C_E = integer(C_E, f"{where}.C_E", low=4, high=MOST)
    scale = real(scale, f"{where}.scale", above=0.0)
    sizes = {name: round(scale * size) for name, size in (("E", N_E), ("I", N_I))}
    C_I = C_E // 4
    if sizes["E"] <= C_E or sizes["I"] <= C_I:
        raise ParameterError(
            f"{where}.scale: {sizes['E']} excitatory and {sizes['I']} inhibitory neurons are too few for synapses from "
            f"{C_E} and {C_I} others; give a larger scale, above {max(C_E / N_E, C_I / N_I):g}, or a smaller C_E"
        )
    net = Network()
    cell = LIF(C_m=10.0 * TAU, g_L=10.0, E_L=0.0, V_th=THETA, V_reset=V_reset, t_ref=T_REF)
    delta = DeltaReceptor("delta", refractory="ignore")
    populations = {
        name: net.population(name, size, cell, receptors=[delta], V=Uniform(0.0, THETA)) for name, size in sizes.items()
    }
    E, I = populations["E"], populations["I"]
    for pre, synapses, weight in ((E, C_E, J), (I, C_I, -g * J)):
        rule = FixedInDegree(synapses, autapses=False, multapses=False)
        net.connect(pre, E + I, rule, receptor="delta", weight=weight, delay=delay)
    net.drive(E + I, "delta", rate=nu_ext * THETA / (J * TAU) * 1e3, weight=J)
    return net, populations


LOWEST = 10.0  # Hz, of a global oscillation
SMOOTHING = 4.0  # Hz, standard deviation of the window that smooths the spectrum
BIN = 0.5  # ms


def spectrum(run: Run) -> tuple[Floats, Floats]:
    """Return frequencies (Hz), and the power of the rate of all neurons over that of independent Poisson neurons."""
    spikes = run.spikes
    rate = spikes.binned_rate(BIN, start=run.start)[1]
    step = 1e3 / (BIN * len(rate))
    counts = rate * (spikes.size * BIN * 1e-3)
    power = np.abs(np.fft.rfft(counts - counts.mean())) ** 2 / max(counts.sum(), 1.0)
    width = math.ceil(4.0 * SMOOTHING / step)
    window = np.exp(-0.5 * (np.arange(-width, width + 1) * step / SMOOTHING) ** 2)
    smooth = np.convolve(power, window, "same") / np.convolve(np.ones_like(power), window, "same")
    return np.arange(len(power), dtype=np.float64) * step, np.asarray(smooth, np.float64)


def global_frequency(run: Run) -> float:
    """Return the frequency at which the power of the rate of all neurons is largest (Hz)."""
    frequencies, power = spectrum(run)
    allowed = frequencies >= LOWEST
    return float(frequencies[allowed][np.argmax(power[allowed])])


def measure(runs: Runs) -> dict[str, float]:
    """Return the mean rate and CV of all neurons, and the frequency of the global oscillation, in each state."""
    numbers = {}
    for state, run in runs.items():
        numbers[f"{state}: rate (Hz)"] = float(run.spikes.rate(start=run.start))
        numbers[f"{state}: CV of intervals"] = run.cv()
        numbers[f"{state}: global frequency (Hz)"] = global_frequency(run)
    return numbers


SHOWN, SHOWN_CELLS = 100.0, 50  # ms and neurons of a raster


def figure(runs: Runs) -> Any:
    """Draw what figure 8 of the paper shows: spikes of 50 neurons, and the rate of all of them, in each state."""
    shown = list(runs)
    rows = [" ".join(f"{kind}{k}" for k in range(len(shown))) for kind in ("raster", "rate", "power")]
    drawn, axes = mosaic(rows, (2.8 * len(shown), 6.0), height_ratios=[1.6, 1.0, 1.0])
    for k, state in enumerate(shown):
        run = runs[state]
        stop = run.spikes.start + run.spikes.duration
        start = max(run.start, stop - (2.0 if state == "SI-slow" else 1.0) * SHOWN)
        trains = run.spikes.trains(run.populations["E"][:SHOWN_CELLS], start, stop)
        axes[f"raster{k}"].eventplot(trains, colors=BLUE, linewidths=0.7)
        point = STATES[state]
        said = rf"g = {point.g:g}, $\nu_{{ext}}$ = {point.nu_ext:g} $\nu_{{thr}}$"
        axes[f"raster{k}"].set_title(f"{point.point}: {state}, {said}", fontsize=9)
        edges, rate = run.spikes.binned_rate(BIN, start=start, stop=stop)
        axes[f"rate{k}"].stairs(rate, np.append(edges, edges[-1] + BIN), baseline=None, color=BLUE)
        axes[f"rate{k}"].set(xlabel="time (ms)", ylim=(0.0, None))
        frequencies, power = spectrum(run)
        axes[f"power{k}"].semilogy(frequencies, power, color=VERMILLION)
        axes[f"power{k}"].set(xlim=(0.0, np.clip(4.0 * global_frequency(run), 100.0, 1000.0)), xlabel="frequency (Hz)")
        for kind in ("raster", "rate"):
            axes[f"{kind}{k}"].set_xlim(start, stop)
    for kind, text in (("raster", "excitatory neuron"), ("rate", "rate of all (Hz)"), ("power", "power / Poisson")):
        axes[f"{kind}0"].set_ylabel(text)
    return drawn


# Simulated rates and the slow frequency as a public reproduction of figure 8 quotes them; mean-field rates solve the
# equations of the paper's section 3 for a stationary state.
PAPER, THEORY = "the paper's simulation", "mean-field theory"
DEMONSTRATION = Demonstration(
    build=brunel,
    title="sparse random network of Brunel (2000), J Comput Neurosci 8: 183, in its four states",
    duration=700.0,
    start=200.0,
    variants={state: {"state": state} for state in STATES},
    measure=measure,
    figure=figure,
    full=Full(duration=2200.0),
    published={
        "SR: rate (Hz)": Published(327.0, 0.1, THEORY),
        "SI-fast: rate (Hz)": (Published(60.7, 0.1, PAPER), Published(55.8, 0.1, THEORY)),
        "SI-fast: global frequency (Hz)": Published(180.0, 0.1, PAPER),
        "AI: rate (Hz)": (Published(37.7, 0.1, PAPER), Published(38.0, 0.1, THEORY)),
        "SI-slow: rate (Hz)": (Published(5.5, 0.25, PAPER), Published(6.5, 0.25, THEORY)),
        "SI-slow: global frequency (Hz)": Published(22.0, 0.2, PAPER),
    },
)
