"""A pairing experiment, which two stories share: axons and their cells fire at given times, and weights change."""

import numpy as np

import gpusyn as gs

W_MAX = 1.0  # nS
DT = 1.0  # ms; all spikes are on this grid, and learning is exact on it


def changes(plasticity, pre, post, delay=1.0, axonal=0.0):
    """Return the changes of weights that begin at W_MAX / 2, in units of W_MAX.

    The axon of synapse k fires at the times pre[k], and its cell at the times post[k] (ms), because a strong synapse of
    another axon makes it fire.
    """
    net = gs.Network()
    strong = gs.AMPA(tau_decay=1.0, name="strong")
    cells = net.population("cells", len(pre), gs.LIF(t_ref=10.0), receptors=[gs.AMPA(), strong])
    axons = net.population("axons", len(pre), gs.SpikeSource(pre))
    stimuli = net.population("stimuli", len(pre), gs.SpikeSource([np.array(times) - 2 * DT for times in post]))
    net.connect(stimuli, cells, gs.OneToOne(), receptor="strong", weight=1000.0, delay=DT)
    learning = net.connect(
        axons,
        cells,
        gs.OneToOne(),
        receptor="AMPA",
        weight=W_MAX / 2,
        w_max=W_MAX,
        delay=delay,
        plasticity=plasticity,
        axonal=axonal,
    )
    spikes = net.record(cells, "spikes")
    with gs.Simulator(net, dt=DT, seed=1) as sim:
        sim.run(max(times[-1] for times in (*pre, *post)) + 2 * delay)
        fired = sim.data[spikes].trains()
        assert all(np.array_equal(times, wanted) for times, wanted in zip(fired, post, strict=True))
        return (sim.weights(learning).weight - W_MAX / 2) / W_MAX
