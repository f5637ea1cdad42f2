"""Object working memory, after Brunel and Wang (2001): a network that has two states holds the memory of a cue.

Nicolas Brunel and Xiao-Jing Wang, J Comput Neurosci 11: 63.
"""

from __future__ import annotations

from gpusyn.models.attractor import LEAST_SCALE, Conductances, Numbers, attractor, interval
from gpusyn.models.demonstration import Built
from gpusyn.parameters.scalars import public, real

NUMBERS = Numbers(
    groups=5,
    fraction=0.1,
    w_plus=2.1,
    sizes=(800, 200),
    onto_E=Conductances(external=2.08, AMPA=0.104, NMDA=0.327, GABA=1.25),
    onto_I=Conductances(external=1.62, AMPA=0.081, NMDA=0.258, GABA=0.973),
    tau_GABA=10.0,
)
CUE = (1000.0, 1100.0)  # ms
CUE_RATE = 2000.0  # Hz, on top of the background


@public
def working_memory(scale: float = 1.0, *, cue: tuple[float, float] | None = CUE, cue_rate: float = CUE_RATE) -> Built:
    """Return the network of Brunel and Wang (2001), J Comput Neurosci 11: 63, which remembers a cue.

    It has 800 excitatory cells, five groups of 80 and others, and 200 inhibitory cells, every cell connected to every
    cell. All fire at a few Hz, until a cue makes group E1 fire; slow, saturating NMDA currents within the group then
    keep it firing at 20 to 30 Hz.

    Parameters
    ----------
    scale : float
        Number of cells by that of the paper, at least 0.02; weights within the network are divided by it.
    cue : tuple of float or None
        Time at which the cue to E1 begins, and at which it ends (ms); None for no cue.
    cue_rate : float
        Rate of the spikes that each cell of E1 receives in the cue, beside the background of 2400 Hz (Hz), >= 0.

    Returns
    -------
    net : Network
    populations : dict of str to Population
        E1 to E5, the groups; E0, the other excitatory cells; and I.

    Raises
    ------
    ArgumentError
        If an argument has the wrong type.
    ParameterError
        If an argument is out of range.

    Notes
    -----
    The cue is a drive of the network, ``net.drives["cue"]``. A distractor is one more::

        net.drive(populations["E2"], "AMPA", rate=1000.0, weight=2.08, start=2000.0, stop=2100.0)

    Examples
    --------
    >>> net, populations = working_memory(cue=(500.0, 600.0))
    >>> {name: population.size for name, population in populations.items()}
    {'E1': 80, 'E2': 80, 'E3': 80, 'E4': 80, 'E5': 80, 'E0': 400, 'I': 200}
    """
    where = "models.working_memory()"
    net, populations = attractor(NUMBERS, real(scale, f"{where}.scale", low=LEAST_SCALE))
    rate = real(cue_rate, f"{where}.cue_rate", unit="Hz", low=0.0)
    if cue is not None:
        start, stop = interval(cue, f"{where}.cue")
        weight = NUMBERS.onto_E.external
        net.drive(populations["E1"], "AMPA", rate=rate, weight=weight, start=start, stop=stop, name="cue")
    return net, populations
