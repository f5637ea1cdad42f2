"""Names from other simulators are answered with gpusyn's way of saying it, never with another quantity."""

import dataclasses
import inspect
import re
import traceback

import numpy as np
import pytest

import gpusyn as gs
from gpusyn import sonata
from gpusyn.backends.select import names
from gpusyn.utils.calls import nearest
from gpusyn.utils.foreign_calls import INSTEAD
from gpusyn.utils.foreign_names import _KNOWN, _OTHERWISE, _SAME, foreign_hint

CALLS = [
    gs.LIF, gs.GLIF, gs.AdEx, gs.Izhikevich, gs.HodgkinHuxley, gs.PoissonSource, gs.SpikeSource,
    gs.AMPA, gs.NMDA, gs.GABA_A, gs.CurrentReceptor, gs.kinetics.Exponential, gs.kinetics.DualExponential,
    gs.FixedProbability, gs.FixedInDegree, gs.FixedTotalNumber, gs.Simulator, gs.Simulator.run,
    gs.Network.population, gs.Network.connect, gs.Network.record, gs.Network.drive, gs.Network.inject,
    gs.Normal, gs.LogNormal, gs.Uniform,
    gs.TsodyksMarkram, gs.QuantalRelease, gs.STDP, gs.TripletSTDP, gs.InhibitorySTDP, gs.DopamineSTDP,
    gs.NMDAPlasticity,
]  # fmt: skip


def arguments(call):
    return [name for name in inspect.signature(call).parameters if name != "self"]


def refusal(call, *given, **named):
    with pytest.raises(gs.GpusynError) as error:
        call(*given, **named)
    return str(error.value)


# What the other manuals say: the same quantity here, or a part of the sentence.
NEURONS = {
    gs.LIF: {
        "tau_m": "C_m = tau_m * g_L", "taum": "C_m = tau_m * g_L", "R": "g_L = 1000 / R",
        "v_rest": "'E_L'", "V_rest": "'E_L'", "Vrest": "'E_L'", "EL": "'E_L'", "e_pas": "'E_L'",
        "cm": "'C_m'? in pF; PyNN has nF", "C": "'C_m'", "g_leak": "'g_L'", "g_pas": "'g_L'",
        "tau_refrac": "'t_ref'", "refractory": "'t_ref'", "TauRefrac": "'t_ref'",
        "v_thresh": "'V_th'", "Vthresh": "'V_th'", "v_th": "'V_th'", "v_reset": "'V_reset'", "Vreset": "'V_reset'",
        "i_offset": "'I_e'? in pA; PyNN has nA", "Ioffset": "'I_e'",
        "tau_syn_E": "receptors=[gs.AMPA(", "tau_syn_ex": "receptors=[gs.AMPA(", "e_rev_I": "receptors=[gs.AMPA(",
        "V_m": "population(..., V=...)", "v_init": "population(..., V=...)",
    },
    gs.GLIF: {"g": "'g_L'", "tau_syn": "receptors=[gs.AMPA(", "v_rest": "'E_L'"},
    gs.AdEx: {"v_spike": "'V_peak'", "v_thresh": "'V_T'", "V_th": "'V_T'", "delta_T": "'Delta_T'"},
    gs.Izhikevich: {"C": "'C_m'", "i_offset": "'I_e'"},
    gs.HodgkinHuxley: {"gbar_Na": "'g_Na'", "e_rev_K": "'E_K'", "v_offset": "'V_T'", "v_th": "'V_th'",
                       "tau_syn_E": "receptors=[gs.AMPA("},
    gs.AMPA: {"tau_syn": "'tau_decay'", "tau1": "'tau_rise'", "tau2": "'tau_decay'", "e_rev": "'E_rev'",
              "gmax": "weight= of connect", "tau_syn_ex": "'tau_decay'"},
    gs.LogNormal: {"mu": "mean and std are those of the values", "sigma": "mean and std are those of the values"},
    gs.Normal: {"loc": "mean and std", "scale": "mean and std"},
    gs.Gamma: {"k": "'shape'", "theta": "'scale'"}, gs.Exponential: {"scale": "'mean'", "rate": "mean = 1 / rate"},
    gs.Uniform: {"min": "'low'", "max": "'high'", "b": "'high'"},
    gs.STDP: {"Wmax": "net.connect(..., weight=..., w_max=...)", "w_max": "net.connect(..., weight=..., w_max=...)",
              "lambda": "A_plus = lambda and", "alpha": "A_minus = alpha * lambda", "Aplus": "'A_plus'",
              "taupre": "'tau_plus'", "tau_post": "'tau_minus'", "dApost": "'A_minus'",
              "weight_dependence": "mu_plus, mu_minus", "dendritic_delay_fraction": "axonal = 1 -"},
    gs.TripletSTDP: {"Aplus": "'A2_plus'", "Aminus_triplet": "'A3_minus'", "tau_plus_triplet": "'tau_x'",
                     "A_plus": "'A2_plus'", "tau_minus_triplet": "'tau_y'", "Wmax": "net.connect("},
    gs.InhibitorySTDP: {"alpha": "alpha = 2 rate tau", "rho0": "rate is that of the targets", "Wmax": "net.connect("},
    gs.DopamineSTDP: {"tau_c": "'tau_eligibility'", "tau_n": "'tau_dopamine'", "vt": "'modulator'",
                      "A_plus": "stdp=gs.STDP(...)", "learns": "stdp=gs.STDP(...)"},
    gs.TsodyksMarkram: {"tau_fac": "'tau_facil'", "tau_d": "'tau_rec'", "u0": "u starts at 0", "x": "u starts at 0"},
}  # fmt: skip


@pytest.mark.parametrize(("call", "name"), [(call, name) for call, told in NEURONS.items() for name in told])
def test_models_answer_in_their_own_words(call, name):
    text = refusal(call, **{name: 1.0})
    hint = re.search(r"unknown argument '\w+' \((.*)\); it takes", text)
    assert hint, text
    assert NEURONS[call][name] in hint[1]


def cells():
    net = gs.Network()
    return net, net.population("cells", 3, gs.LIF(), receptors=[gs.AMPA()])


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("synapse", "did you mean 'receptor'"), ("synapse_type", "did you mean 'receptor'"),
        ("syn_spec", "receptor=, weight= and delay="), ("stdp", "plasticity=gs.STDP("), ("Wmax", "'w_max'"),
        ("dendritic_delay_fraction", "axonal = 1 -"), ("U", "plasticity=gs.STDP("),
        ("conn_spec", "did you mean 'rule'"), ("p", "gs.FixedProbability(p)"),
        ("indegree", "gs.FixedInDegree(k)"), ("allow_self_connections", "autapses=..."), ("w", "did you mean 'weight'"),
        ("delays", "did you mean 'delay'"), ("model", "did you mean 'receptor'"),
    ],
)  # fmt: skip
def test_connect_answers(name, told):
    net, population = cells()
    text = refusal(net.connect, population, population, gs.AllToAll(), **{name: 1})
    assert re.search(rf"unknown argument '{name}' \([^;]*{re.escape(told)}", text), text


def test_the_simulator_answers():
    net, population = cells()
    for backend, own in {"gpu": "cuda", "GPU": "cuda", "cpp_standalone": "cpu", "cudda": "cuda"}.items():
        assert f"unknown name '{backend}' (did you mean '{own}'?)" in refusal(gs.Simulator, net, backend=backend)
    for precision, own in {"float32": "single", "float64": "double", "fp32": "single"}.items():
        assert f"unknown name '{precision}' (did you mean '{own}'?)" in refusal(gs.Simulator, net, precision=precision)
    for keyword, own in {"timestep": "dt", "rng_seed": "seed", "local_num_threads": "threads"}.items():
        assert f"'{keyword}' (did you mean '{own}'?)" in refusal(gs.Simulator, net, **{keyword: 1})
    for variable, own in {"v": "V", "V_m": "V", "spike": "spikes"}.items():
        assert f"'{variable}' (did you mean '{own}'?)" in refusal(net.record, population, variable)
    assert "'v' (did you mean 'V'?)" in refusal(gs.Simulator(net, backend="numpy").set, population, "v", 1.0)
    assert "Simulator.precision: " in refusal(gs.Simulator, cells()[0], precision="half")
    assert "(got 32) (did you mean 'single'?)" in refusal(gs.Simulator, cells()[0], precision=32)
    assert "(did you mean 'double'?)" in refusal(gs.Simulator, cells()[0], precision=np.float64)
    assert "'t_stop' (write sim.run(until - sim.time))" in refusal(gs.Simulator(net, backend="numpy").run, t_stop=9.0)
    assert "'min_delay' (delays belong to connect" in refusal(gs.Simulator, cells()[0], min_delay=1.0)
    assert "'gpu' (write backend='cuda')" in refusal(gs.Simulator, cells()[0], gpu=True)
    assert "have the names of receptors, as in g_AMPA" in refusal(net.record, population, "gsyn_exc")


def test_names_in_place_of_objects_are_answered():
    net, population = cells()
    assert "(did you mean 'LIF'?)" in refusal(net.population, "C", 3, "iaf_cond_exp")
    assert "write AMPA(...), without quotes" in refusal(net.population, "C", 3, gs.LIF(), receptors=["AMPA"])
    for drug, own in {"APV": "D-AP5", "SR95531": "gabazine", "diazepam": "benzodiazepine", "DNQX": "gs.Drug("}.items():
        assert own in refusal(net.infuse, drug, 1.0).partition(";")[0]
    assert "(did you mean 'AllToAll'?)" in refusal(net.connect, population, population, "all_to_all")


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("net", {"add_population": "'population'", "Create": "'population'", "add_edges": "'connect'",
                 "SpikeMonitor": "'record'", "plan": "gs.plan(net)", "run": "sim.run(duration)",
                 "simulate": "sim.run(duration)", "conect": "'connect'"}),
        ("sim", {"simulate": "'run'", "get_data": "'data'", "t": "'time'", "rates": ".rate()",
                 "inject": "it belongs to the network",
                 "record": "write net.record(",
                 "run_until": "sim.run(until - sim.time)"}),
        ("population", {"record": "write net.record(population", "set": "sim.set(population", "n": "'size'",
                        "get_data": "write sim.data[recorder]", "inject": "write net.inject(population"}),
        ("part", {"record": "write net.record(population", "n": "'size'"}),
        ("LIF", {"v_rest": "'E_L'", "tau_m": "C_m = tau_m * g_L"}), ("NMDA", {"e_rev": "'E_rev'", "mg_conc": "'Mg'"}),
        ("kinetics", {"BiExponential": "'DualExponential'", "Exponentail": "'Exponential'"}),
        ("drugs", {"CNQX": "net.infuse('CNQX'"}), ("plot", {"raster_plot": "'raster'"}),
        ("measure", {"PPR": "'paired_pulse_ratio'", "epsc": "'psc'"}),
        ("projection", {"getWeights": "sim.weights(projection)", "set": "sim.set_weights(projection, weights)"}),
        ("injection", {"set": "write sim.set(...)", "amp": "'current'"}),
        ("recorder", {"get_data": "sim.data[recorder]"}),
        ("results", {"rate": "sim.data[recorder].rate()"}),
        ("data", {"psth": "spikes.binned_rate(", "senders": "'ids'", "spiketrains": "'trains'", "t": "'times'"}),
    ],
)  # fmt: skip
def test_methods_of_others_are_answered(kind, told):
    net, population = cells()
    projection = net.connect(population, population, gs.AllToAll(), receptor="AMPA", weight=1.0)
    injection, recorder = net.inject(population, 100.0), net.record(population, "spikes")
    data = gs.SpikeData([("cells", 3, None)], [1.0], [0], 10.0)
    sim = gs.Simulator(net, backend="numpy")
    own = {"net": net, "sim": sim, "population": population, "part": population[:2], "data": data}
    own |= {"projection": projection, "injection": injection, "recorder": recorder, "results": sim.data}
    own |= {"LIF": gs.LIF(), "NMDA": gs.NMDA()}
    owner = own[kind] if kind in own else getattr(gs, kind)
    for name, hint in told.items():
        with pytest.raises(AttributeError) as error:
            getattr(owner, name)
        assert hint in str(error.value)
        shown = traceback.format_exception_only(error.value)[-1]
        assert shown.strip().endswith(str(error.value)), "Python adds a hint of its own"


def test_what_gpusyn_does_not_have_is_not_answered_by_its_looks():
    net, _ = cells()
    for name in ("Sequential", "CPUBackend"):
        with pytest.raises(AttributeError, match=rf"no attribute '{name}'$"):
            getattr(gs, name)
    assert "did you mean" not in refusal(gs.HodgkinHuxley, v_reset=-60.0)
    assert "did you mean" not in refusal(gs.AMPA, tau_rec=800.0)
    assert "did you mean" not in refusal(gs.FixedProbability, 0.1, multapses=False)
    assert "did you mean" not in refusal(net.clamp, "cells", -70.0, start=10.0)


@pytest.mark.parametrize(
    ("name", "told"),
    {"GABA": "GABA_A", "ArrayConnector": "FromSparse", "GeNNModel": "Network",
     "iaf_cond_exp": "LIF", "SpikeSourcePoisson": "PoissonSource", "AllToAllConnector": "AllToAll",
     "FixedProbabilityConnector": "FixedProbability", "STDPMechanism": "STDP", "stdp_synapse_hom": "STDP",
     "stdp_nn_symm_synapse": "STDP", "tsodyks_synapse": "TsodyksMarkram", "vogels_sprekeler_synapse": "InhibitorySTDP",
     "stdp_triplet_synapse": "TripletSTDP", "MultiQuantalSynapse": "QuantalRelease",
     "aeif_cond_exp": "AdEx", "Netwrok": "Network"}.items(),
)  # fmt: skip
def test_the_module_answers(name, told):
    with pytest.raises(AttributeError, match=rf"no attribute '{name}' \(did you mean '{told}'\?\)"):
        getattr(gs, name)
    with pytest.raises(AttributeError, match=r"'SpikeMonitor' \(write net\.record\("):
        gs.SpikeMonitor  # noqa: B018
    with pytest.raises(AttributeError, match=r"'setup' \(write gs\.Simulator\(net, dt="):
        gs.setup  # noqa: B018


# The public names of other simulators that users type, as their manuals list them.
ELSEWHERE = {
    "PyNN": """
        setup end reset run run_for run_until get_current_time get_time_step num_processes rank create connect set
        initialize record record_v record_gsyn list_standard_models Population PopulationView Assembly Projection
        NumpyRNG GSLRNG NativeRNG RandomDistribution Grid2D Grid3D Line Space RandomStructure Sphere Cuboid
        IF_curr_alpha IF_curr_exp IF_curr_delta IF_cond_alpha IF_cond_exp IF_cond_exp_gsfa_grr IF_facets_hardware1
        EIF_cond_alpha_isfa_ista EIF_cond_exp_isfa_ista HH_cond_exp Izhikevich GIF_cond_exp PointNeuron AdExp
        SpikeSourcePoisson SpikeSourcePoissonRefractory SpikeSourceArray SpikeSourceGamma SpikeSourceInhGamma
        DCSource ACSource StepCurrentSource NoisyCurrentSource StaticSynapse TsodyksMarkramSynapse STDPMechanism
        SimpleStochasticSynapse StochasticTsodyksMarkramSynapse MultiQuantalSynapse ElectricalSynapse SpikePairRule
        AdditiveWeightDependence MultiplicativeWeightDependence GutigWeightDependence AdditivePotentiationMultiplicative
        AllToAllConnector OneToOneConnector FixedProbabilityConnector FixedTotalNumberConnector ArrayConnector
        FixedNumberPreConnector FixedNumberPostConnector DistanceDependentProbabilityConnector FromListConnector
        DisplacementDependentProbabilityConnector IndexBasedProbabilityConnector FromFileConnector CSAConnector
        SmallWorldConnector CloneConnector MapConnector CurrentSource
    """,
    "NEST": """
        ResetKernel Create Connect Disconnect Simulate Run Prepare Cleanup RunManager SetStatus GetStatus SetDefaults
        GetDefaults CopyModel SetKernelStatus GetKernelStatus GetConnections GetNodes NodeCollection SynapseCollection
        PlotLayer GetPosition Distance CreateMask CreateParameter Models NumProcesses Rank set_verbosity resolution
        rng_seed local_num_threads biological_time raster_plot voltage_trace spatial random
        iaf_psc_exp iaf_psc_alpha iaf_psc_delta iaf_cond_exp iaf_cond_alpha iaf_cond_beta iaf_bw_2001
        iaf_psc_exp_multisynapse iaf_tum_2000 iaf_cond_alpha_mc aeif_cond_exp aeif_cond_alpha aeif_psc_exp
        aeif_cond_beta_multisynapse hh_psc_alpha hh_cond_exp_traub hh_psc_alpha_gap gif_cond_exp glif_psc izhikevich
        gif_psc_exp_multisynapse
        glif_cond mat2_psc_exp cm_default parrot_neuron mcculloch_pitts_neuron lin_rate_ipn siegert_neuron pp_psc_delta
        poisson_generator inhomogeneous_poisson_generator sinusoidal_poisson_generator spike_generator dc_generator
        ac_generator noise_generator step_current_generator step_rate_generator mip_generator pulsepacket_generator
        gamma_sup_generator spike_recorder spike_detector multimeter voltmeter weight_recorder spike_train_injector
        static_synapse static_synapse_hom_w stdp_synapse stdp_triplet_synapse stdp_dopamine_synapse tsodyks_synapse
        tsodyks2_synapse clopath_synapse quantal_stp_synapse vogels_sprekeler_synapse bernoulli_synapse gap_junction
        all_to_all one_to_one fixed_indegree fixed_outdegree fixed_total_number pairwise_bernoulli pairwise_poisson
        symmetric_pairwise_bernoulli
    """,
    "Brian2": """
        NeuronGroup Synapses SpikeMonitor StateMonitor PopulationRateMonitor EventMonitor PoissonGroup PoissonInput
        SpikeGeneratorGroup TimedArray run start_scope stop defaultclock Clock set_device get_device device prefs seed
        network_operation NetworkOperation run_regularly collect store restore Equations SpatialNeuron Morphology
        Subgroup MagicNetwork magic_network rand randn brian_plot plot_raster second ms us mV uV nA pA nS uS pF nF Hz
        kHz volt amp siemens farad hertz Mohm mM um metre
    """,
    "GeNN": """
        GeNNModel init_var init_sparse_connectivity init_toeplitz_connectivity init_postsynaptic create_neuron_model
        create_weight_update_model create_postsynaptic_model create_current_source_model SynapseGroup
    """,
    "NEURON": "IClamp SEClamp ExpSyn Exp2Syn AlphaSynapse NetCon NetStim APCount finitialize continuerun Section",
    "gpusyn": """
        raster rate cv isi time data weights save inject drive infuse ms psc iv_curve BiExponential CNQX firstorder
        CompetitiveAntagonist STDP TsodyksMarkram dt
    """,
}


@pytest.mark.parametrize("simulator", ELSEWHERE)
def test_every_public_name_of_another_simulator_is_answered(simulator):
    for name in set(ELSEWHERE[simulator].split()) - set(gs.__all__):
        hint = nearest(name, gs.__all__)
        assert hint, name
        by_case = re.search(r"did you mean '(\w+)'", hint)
        assert foreign_hint(name, gs.__all__) == hint or by_case[1].casefold() == name.casefold(), (name, hint)


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.__qualname__)
def test_no_known_name_is_answered_by_its_looks(call):
    """Whatever is suggested is what the table says, or differs by upper and lower case alone."""
    allowed = arguments(call)
    for name, meanings in _KNOWN.items():
        found = re.search(r"did you mean '(\w+)'", nearest(name, allowed))
        if found and found[1].casefold() != name:
            assert (found[1],) in [told.at for told in meanings], (name, found[1])


def test_the_table_speaks_of_what_there_is():
    own = {name for call in CALLS for name in arguments(call)}
    net, population = cells()
    own |= {*dir(gs.SpikeData), "ids", *dir(net), *dir(population), *dir(gs.Simulator(net, backend="numpy"))}
    own |= {*names(), "single", "double", "spikes", *gs.__all__, *arguments(gs.NMDA), *arguments(gs.Gamma)}
    own |= {*gs.drugs.LIBRARY, *gs.drugs.__all__, *gs.kinetics.__all__, *gs.measure.__all__, *gs.plot.__all__}
    assert set(_SAME) <= own
    own |= {*dir(gs.Projection), *dir(gs.Recorder), *dir(gs.Results), "target"}
    own |= {field.name for kind in (gs.Projection, gs.Recorder) for field in dataclasses.fields(kind)}
    own |= {*sonata.TEMPLATES["nest:iaf_psc_exp"].parameters}
    assert {name for at in (*(told.at for told in _OTHERWISE.values()), *INSTEAD) for name in at} <= own
    assert all(name == name.casefold() for name in _KNOWN)
    lists = [entry.split() for entry in (*_SAME.values(), *_OTHERWISE)]
    lists += [" ".join(rows.values()).split() for rows in INSTEAD.values()]
    assert [entry for entry in lists if len(set(entry)) < len(entry)] == []


def test_own_names_are_not_foreign_to_their_own_calls():
    for call in CALLS:
        for name in arguments(call):
            assert nearest(f"{name}x" if len(name) > 3 else name, arguments(call)), (call, name)
