"""The modules in common use, which CI compiles for every architecture."""

from __future__ import annotations

from functools import partial
from itertools import product

from gpusyn.equations.neurons import NEURONS
from gpusyn.kernels.modules import (
    Module,
    active_module,
    build_module,
    common_module,
    gathering_module,
    influx_module,
    learning_module,
    limits_module,
    neuron_module,
    procedural_module,
    release_module,
    renewal_module,
    spine_module,
    synapse_module,
)
from gpusyn.kernels.signature import Numbers, ReceptorSignature, Signature, rule_signature
from gpusyn.kernels.spec import KERNELS

ALL_NUMBERS = (Numbers("float32", "int32"), Numbers("float32", "int64"), Numbers("float64", "int64", "int64"))
SYNAPSE_KERNELS = [spec.name for spec in KERNELS.values() if spec.file == "advance_synapses.cu"]


def modules_in_common_use() -> list[Module]:
    """Return the modules, in all three sets of number types.

    The signatures are those of the README's network, of current-based networks, of the microcircuit, of Vogels and
    Abbott's networks, of networks whose V jumps, of per-synapse gating, of cells with two dendrites, and two of every
    neuron model that the list does not name.
    """
    conductance = ReceptorSignature("Exponential", "Conductance")
    rising = ReceptorSignature("Rising", "Conductance")
    nmda = ReceptorSignature("Rising", "MagnesiumBlocked")
    current = ReceptorSignature("Exponential", "Current")
    alpha = ReceptorSignature("Rising", "Current")
    pulsed = ReceptorSignature("Pulsed<1>", "Conductance")
    gated = ReceptorSignature("Unlumped", "Conductance", synaptic=True)
    gated_nmda = ReceptorSignature("Unlumped", "MagnesiumBlocked", synaptic=True)
    jump = ReceptorSignature("Instantaneous", "Jump")
    models: list[tuple[str, tuple[ReceptorSignature, ...]]] = [
        ("LIF", (conductance, nmda, conductance)),
        ("LIF", (rising, nmda, rising)),
        ("LIF", (conductance, conductance)),
        ("LIF", (conductance,)),
        ("LIF", (pulsed,)),
        (
            "LIF",
            (pulsed, pulsed._replace(effect="MagnesiumBlocked"), pulsed, ReceptorSignature("Followed", "Conductance")),
        ),
        ("LIF", (ReceptorSignature("Pulsed<5>", "Conductance"), ReceptorSignature("Pulsed<4>", "MagnesiumBlocked"))),
        ("LIF", (gated,)),
        ("LIF", (gated, gated_nmda, gated)),
        ("LIF", (conductance._replace(synaptic=True), nmda._replace(synaptic=True))),
        ("ExactLIF", ()),
        ("ExactLIF", (current,)),
        ("ExactLIF", (current, current)),
        ("ExactLIF", (alpha,)),
        ("ExactLIF", (jump,)),
        ("ExactLIF", (jump._replace(effect="WaitingJump"),)),
        ("LIF", (conductance, alpha)),
        ("AdEx", ()),
        ("AdEx", (conductance, nmda, conductance)),
        ("Izhikevich", ()),
        ("Izhikevich", (conductance, conductance)),
        ("HodgkinHuxley", ()),
        ("HodgkinHuxley", (conductance, conductance)),
        ("GLIF", (conductance, conductance)),
        ("ExactGLIF", ()),
        ("ExactGLIF", (alpha, alpha, alpha, alpha)),
        ("AdaptiveLIF", (conductance, conductance)),
        ("ExactAdaptiveLIF", (current,)),
    ]
    named = {neuron for neuron, _ in models}
    models += [(neuron, receptors) for neuron in NEURONS if neuron not in named
               for receptors in ((), (conductance, conductance))]  # fmt: skip
    neurons = [neuron_module(Signature(neuron, rs, n)) for n, (neuron, rs) in product(ALL_NUMBERS, models)]
    slow = (conductance, ReceptorSignature("Rising", "SlowlyUnblocked"), rising)
    neurons += [neuron_module(Signature("LIF", slow, n, calcium=True, bathed=True)) for n in ALL_NUMBERS]
    dendritic = [r._replace(compartment=k) for k in (1, 2) for r in (conductance, nmda, conductance)]
    star = (conductance, *dendritic)
    neurons += [
        neuron_module(Signature(neuron, star, n, dendrites=2)) for n, neuron in product(ALL_NUMBERS, ("LIF", "AdEx"))
    ]
    reals = ALL_NUMBERS[0], ALL_NUMBERS[-1]  # per-synapse gates, influx and noise know no integer sums
    synapses = [synapse_module(kernel, n) for n, kernel in product(reals, SYNAPSE_KERNELS)]
    made = common_module, procedural_module, release_module, learning_module, spine_module
    shared = [make(n) for make in made for n in ALL_NUMBERS]
    shared += [make(n) for make in (active_module, partial(release_module, active=True)) for n in ALL_NUMBERS]
    shared += [learning_module(n, rule_signature(["CalciumRule"])) for n in ALL_NUMBERS]
    plain = [build_module(), limits_module(), renewal_module()]
    return [*shared, *plain, *map(gathering_module, reals), *map(influx_module, reals), *synapses, *neurons]
