"""Checkpoints: everything that a simulation needs to go on, saved to a file, and put into a simulator that has begun.

A simulator that goes on is first made anew of the network, with what seed, trial and description determine; then what
has happened since is put into it. So `reset` leads to the start of the network, as in an unbroken run, and the backend,
the number of threads and the form in which synapses are stored are those of the machine that goes on.

1. The facts: seed, trial, step of time, precision, and the description of the network in words
   (`checkpoint_description`), which must be the same.
2. What was set between runs (`checkpoint_inputs`).
3. Arrays of the role `state`, as they are where all backends have the same, else in a form of their own
   (`checkpoint_state`).
4. Of each synapse what has changed: weights that learn or were replaced, and what is kept beside them, in the order of
   `Simulator.weights` (`checkpoint_synapses`); of projections that were rewired, the synapses themselves (`rewiring`).
5. What was recorded in memory, and the lengths of the files of recorders (`recordings`), which are cut back to these.

A network that is spread on several ranks has the same checkpoint as in one process (`spread_checkpoint`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gpusyn.distributed.gathering import Gathered, gathering_of
from gpusyn.errors import FileError, ParameterError
from gpusyn.network.network import Network
from gpusyn.simulation.checkpoint_description import described, differences
from gpusyn.simulation.checkpoint_inputs import inputs_in_force, put_inputs
from gpusyn.simulation.checkpoint_state import (
    put_clock,
    put_states,
    put_sums,
    put_waiting,
    states,
    sums,
    waiting,
)
from gpusyn.simulation.checkpoint_synapses import put_synapses, synapses
from gpusyn.simulation.running import Running
from gpusyn.simulation.spread_checkpoint import joined, own_part, settle_alike

OF_SIMULATION = ("dt", "seed", "trial", "precision", "weights")
PARTS = frozenset({"simulation", "network", "inputs", "states", "sums", "spikes", "synapses", "rewired", "recordings"})


def content_of(running: Running) -> dict[str, Any]:
    """Return what a checkpoint of a running network holds; on several ranks, rank 0 alone has it.

    Raises
    ------
    FileError
        If a file of a recorder cannot be written.
    """
    compiled, session, rewirer, step = running.compiled, running.session, running.rewirer, running.step
    facts = running.recordings.provenance
    own = {name: getattr(facts, name) for name in (*OF_SIMULATION, "version", "backend", "start")}
    gathering = gathering_of(session)
    if isinstance(gathering, Gathered):
        settle_alike(running, gathering)
    net = compiled.layout.net._replace(recorders=dict(running.recordings.recorders))
    content = {
        "recordings": running.recordings.saved(),
        "simulation": own | {"step": step},
        "network": described(net),
        "inputs": inputs_in_force(running.access),
        "states": states(running),
        "sums": sums(running, step),
        "spikes": waiting(running, step),
        "synapses": synapses(compiled, session, running.initial, rewirer.rewired),
        "rewired": rewirer.saved(),
    }
    return joined(content, running, gathering) if isinstance(gathering, Gathered) else content


def carry_over(before: Running, after: Running) -> None:
    """Let a network that was built anew, with more recorders alone, go on where another one is."""
    content = content_of(before)
    if before.ranks is not None:
        content = before.ranks.objects(content)[0]
    put_content(content, after, "the simulation that goes on")


def check_content(content: Mapping[str, Any], net: Network, wanted: Mapping[str, Any], where: str) -> None:
    """Refuse a checkpoint of another simulation than is wanted, by what differs.

    Raises
    ------
    FileError
        If a part is missing.
    ParameterError
        If it was saved of another network, or with another value than is wanted.
    """
    if content.keys() != PARTS:
        raise FileError(f"{where}: does not have the parts of a checkpoint; the file is damaged")
    saved = content["simulation"]
    for name, value in wanted.items():
        if value is not None and value != saved[name]:
            raise ParameterError(
                f"Simulator.load_checkpoint().{name}: the simulation of {where} has {name} = {saved[name]} (got "
                f"{value}); leave {name} out to go on with it, or begin a new simulation"
            )
    if found := differences(content["network"], described(net)):
        raise ParameterError(
            f"Simulator.load_checkpoint().net: is another network than that of {where}: {found}; "
            "describe the network as it was when the checkpoint was saved"
        )


def put_content(content: Mapping[str, Any], running: Running, where: str) -> None:
    """Put what a checkpoint holds into a network that was built anew.

    Raises
    ------
    FileError
        If the checkpoint does not fit, or a file of a recorder is not that of this simulation or cannot be written.
    """
    step = int(content["simulation"]["step"])
    compiled, session, gathering = running.compiled, running.session, gathering_of(running.session)
    if isinstance(gathering, Gathered):
        content = own_part(dict(content), running, gathering)
    put_inputs(running.access, compiled.layout.net, content["inputs"], step)
    running.rewirer.put(content["rewired"])
    put_synapses(compiled, session, running.initial, running.rewirer.rewired, content["synapses"], where)
    put_states(running, content["states"], where)
    put_sums(running, content["sums"], step)
    put_waiting(running, content["spikes"], step, where)
    put_clock(running, step)
    running.access.step = step
    running.recordings.put(content["recordings"], step)
