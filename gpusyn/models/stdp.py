"""Inhibitory plasticity that balances a recurrent network, after Vogels et al. (2011).

T. P. Vogels, H. Sprekeler, F. Zenke, C. Clopath and W. Gerstner, Science 334: 1569. The numbers of the network are
those of the script that Zenke published of it (examples of the simulator Brian, 2012).
"""

from __future__ import annotations

from gpusyn.connectivity.fixed_probability import FixedProbability
from gpusyn.models.demonstration import Built
from gpusyn.network.network import Network
from gpusyn.neurons.lif import LIF
from gpusyn.parameters.distributions import Uniform
from gpusyn.parameters.scalars import public, real
from gpusyn.plasticity.stdp import InhibitorySTDP
from gpusyn.receptors.ampa import AMPA
from gpusyn.receptors.gaba_a import GABA_A

SIZE, LEAST = 10_000, 200  # neurons; at least as many as have the synapses of one
SYNAPSES = 200  # onto each neuron, on average, four fifths of them excitatory
W_E, W_II, W_MAX = 0.3, 3.0, 100.0  # nS
TAU, RATE, ETA = 20.0, 3.0, 0.01  # ms, Hz and nS
DELAY = 0.1  # ms


@public
def stdp(scale: float = 1.0, *, eta: float = ETA, rate: float = RATE) -> Built:
    """Return the network of Vogels et al. (2011), Science 334: 1569, in which inhibition learns to balance excitation.

    It has 8000 excitatory and 2000 inhibitory neurons with 200 synapses each on average, and a current that makes all
    of them fire. Synapses from I to E begin at 0, and all of E fire synchronously and regularly at more than 100 Hz. By
    `InhibitorySTDP`, these synapses find weights in seconds at which E fires asynchronously and irregularly, and go on
    for minutes to bring the rate of each neuron to `rate`.

    Parameters
    ----------
    scale : float
        Number of neurons by that of the paper, at least 0.02; the number of synapses of each stays.
    eta : float
        Change of a weight for a trace of 1 (nS), >= 0; with 0, nothing is learned.
    rate : float
        Rate of E at which weights rest (Hz), >= 0.

    Returns
    -------
    net : Network
    populations : dict of str to Population
        E and I. The weights that learn are those of the projection ``net.projections["I->E:GABA_A"]``.

    Raises
    ------
    ArgumentError
        If an argument has the wrong type.
    ParameterError
        If an argument is out of range.

    Examples
    --------
    >>> net, populations = stdp(scale=0.1)
    >>> list(net.projections)
    ['E->E+I:AMPA', 'I->I:GABA_A', 'I->E:GABA_A']
    """
    where = "models.stdp()"
    size = round(SIZE * real(scale, f"{where}.scale", low=LEAST / SIZE))
    rule = InhibitorySTDP(
        eta=real(eta, f"{where}.eta", unit="nS", low=0.0),
        tau=TAU,
        rate=real(rate, f"{where}.rate", unit="Hz", low=0.0),
    )
    net = Network()
    cell = LIF(C_m=200.0, g_L=10.0, E_L=-60.0, V_th=-50.0, V_reset=-60.0, t_ref=5.0, I_e=200.0)
    receptors = [AMPA(tau_decay=5.0, E_rev=0.0), GABA_A(tau_decay=10.0, E_rev=-80.0)]
    V = Uniform(-60.0, -50.0)
    E = net.population("E", size * 4 // 5, cell, receptors=receptors, V=V)
    I = net.population("I", size - E.size, cell, receptors=receptors, V=V)
    sparse = FixedProbability(SYNAPSES / size)
    net.connect(E, E + I, sparse, receptor="AMPA", weight=W_E, delay=DELAY)
    net.connect(I, I, sparse, receptor="GABA_A", weight=W_II, delay=DELAY)
    net.connect(I, E, sparse, receptor="GABA_A", weight=0.0, w_max=W_MAX, plasticity=rule, delay=DELAY)
    return net, {"E": E, "I": I}
