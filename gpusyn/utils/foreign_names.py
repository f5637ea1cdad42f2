"""Names from NEST, PyNN, Brian2, GeNN and NEURON, and how gpusyn says the same.

A name that is known here is never answered with a name that merely looks like it: `v_rest` is E_L, not V_reset. The
functions, classes and methods to which no name here corresponds are in `foreign_calls`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from fnmatch import fnmatchcase
from typing import NamedTuple

from gpusyn.utils.foreign_calls import INSTEAD

# gpusyn's name -> names of the same thing elsewhere, in lower case; `*` stands for any letters. Where a name has
# several meanings, the first that is allowed at the place counts.
_SAME = {
    # neurons
    "C_m": "cm c cmem c_mem capacitance membrane_capacitance",
    "g_L": "g gl gleak g_leak g_pas gpas gbar_leak gbar_l leak_conductance",
    "E_L": "v_rest vrest e_rest erest u_rest el e_leak eleak e_pas v_leak v_l vl e_rev_leak resting_potential",
    "V_th": "v_thresh vthresh v_threshold vthreshold v_t vt u_th thresh threshold theta",
    "V_T": "v_th v_thresh vthresh v_threshold vthreshold vt v_offset",
    "V_reset": "vreset v_r vr u_reset reset reset_potential",
    "V_peak": "v_spike vspike v_cut vcut v_cutoff v_max",
    "Delta_T": "deltat slope_factor sharpness",
    "t_ref": "tau_refrac taurefrac tau_ref t_refrac refrac refractory refractory_period refractory_time tau_rp tau_arp",
    "I_e": "i_offset ioffset i_ext iext i_const i_bias i_dc i_inj i0 amp",
    "g_Na": "gbar_na gnabar g_na_bar",
    "g_K": "gbar_k gkbar g_k_bar g_kd",
    "E_Na": "e_rev_na ena",
    "E_K": "e_rev_k ek",
    # receptors
    "tau": "tau_syn tau_s tau_decay tau_syn_ex tau_syn_in tau_syn_e tau_syn_i",
    "tau_decay": "tau_syn tau_s tau_d tau_2 tau2 tau_dec tau tau_syn_ex tau_syn_in tau_syn_e tau_syn_i",
    "tau_rise": "tau_r tau_1 tau1",
    "E_rev": "erev e_syn esyn v_rev vrev e_reversal reversal reversal_potential e",
    "Mg": "mg_conc mgconc mg2 conc_mg mg_concentration",
    # networks
    "size": "n num_neurons n_neurons number_of_neurons num",
    "model": "cellclass cell_class cell_type celltype neuron neuron_model neuron_type cell",
    "V": "v v_m vm v_init vinit v0 v_0 u membrane_potential initial_values",
    "positions": "structure position pos coordinates",
    "name": "label",
    "pre": "source sources presynaptic_population presynaptic pre_population from_",
    "post": "target targets postsynaptic_population postsynaptic post_population to",
    "rule": "connector conn_spec conn connection_rule connectivity connectivity_init",
    "receptor": "synapse synapse_type synapse_model syn_model receptor_type receptor_types psr model",
    "weight": "w weights j g gmax g_max gbar g_syn synaptic_weight on_pre",
    "delay": "d delays syn_delay axonal_delay dendritic_delay axonal_delay_steps",
    "p": "p_connect prob probability connection_probability p_primary",
    "mean": "average",
    "shape": "k",
    "scale": "theta",
    "low": "min minimum lower a",
    "high": "max maximum upper b",
    "k": "indegree outdegree n_pre n_post fan_in fan_out n",
    "n": "total_number num_connections",
    "autapses": "allow_autapses allow_self_connections self_connections with_autapses",
    "multapses": "allow_multapses with_replacement with_multapses",
    "current": "i amp amplitude i_ext i_inj i_e",
    "rate": "rates freq frequency firing_rate",
    "times": "spike_times spiketimes spike_time spikes t",
    "start": "t_start tstart onset",
    "stop": "t_stop tstop end",
    "spikes": "spike spike_train spiketrain spike_trains spiketrains spike_times",
    "every": "interval sampling_interval sampling_period record_interval dt",
    "file": "to_file filename file_name record_to label",
    # plasticity
    "A_plus": "aplus apre a_pre a_p a_ltp dapre",
    "A_minus": "aminus a_post apost a_m a_ltd dapost",
    "tau_plus": "tauplus taupre tau_pre tau_ltp",
    "tau_minus": "tauminus taupost tau_post tau_ltd",
    "mu_plus": "muplus",
    "mu_minus": "muminus",
    "A2_plus": "aplus a_plus a_2_plus",
    "A2_minus": "aminus a_minus a_2_minus",
    "A3_plus": "aplus_triplet a_plus_triplet a_3_plus",
    "A3_minus": "aminus_triplet a_minus_triplet a_3_minus",
    "tau_x": "tau_plus_triplet",
    "tau_y": "tau_minus_triplet",
    "tau_eligibility": "tau_c tau_e tau_elig tau_trace",
    "tau_dopamine": "tau_n tau_d tau_da",
    "modulator": "volume_transmitter vt dopamine reward",
    "tau_facil": "tau_fac tau_f taufac taufacil",
    "tau_rec": "tau_d taurec tau_dep tau_recovery",
    "w_max": "wmax weight_max max_weight",
    # simulation
    "dt": "timestep time_step resolution",
    "duration": "simtime sim_time simulation_time t_sim runtime run_time time t",
    "seed": "rng_seed rngseed rng_seeds random_seed randomseed grng_seed random_state rng",
    "threads": "local_num_threads num_threads n_threads nthreads number_of_threads num_cores n_cores n_jobs workers",
    "backend": "device platform target codegen_target",
    "precision": "dtype scalar_type float_type floattype default_float_dtype real",
    "progress": "report verbose show_progress print_time",
    "cuda": "gpu nvidia cupy cuda_standalone single_threaded_cuda opencl hip rocm",
    "cpu": "c++ cpp c cpp_standalone single_threaded_cpu singlethreadedcpu cython openmp compiled host",
    "numpy": "python reference",
    "single": "float32 fp32 f4 32 float single_precision half float16",
    "double": "float64 fp64 f8 64 double_precision",
    # methods
    "population": "add_population add_neuron_population neurongroup create add_node add_nodes",
    "populations": "neurons cells nodes groups",
    "connect": "add_connection add_connections add_edges add_projection add_synapse_population synapses projection",
    "record": "spikemonitor statemonitor populationratemonitor multimeter voltmeter spike_recorder spike_detector "
    "recorder record_spikes record_v",
    "inject": "add_current_source add_current",
    "run": "simulate run_for advance step_time",
    "data": "get_data getspikes get_spikes spikes results",
    "time": "t current_time get_current_time now",
    "weights": "get_weights getconnections get_connections",
    "save": "write_data",
    "ids": "senders sender i neuron_ids",
    "trains": "spiketrains spike_trains",
    "cv": "cv_isi",
    "STDP": "stdp_synapse stdp_synapse_hom stdp_nn_*_synapse stdpmechanism spikepairrule",
    "TripletSTDP": "stdp_triplet_synapse",
    "InhibitorySTDP": "vogels_sprekeler_synapse vogelssprekeler",
    "DopamineSTDP": "stdp_dopamine_synapse stdp_dopamine_synapse_hom",
    "TsodyksMarkram": "tsodyksmarkramsynapse tsodyks_synapse tsodyks2_synapse",
    "QuantalRelease": "multiquantalsynapse simplestochasticsynapse bernoulli_synapse",
    # plots, kinetics, drugs and measures
    "raster": "raster_plot plot_raster",
    "traces": "voltage_trace plot_traces plot_trace",
    "DualExponential": "biexponential biexp doubleexponential exp2syn",
    "paired_pulse_ratio": "ppr",
    "psc": "epsc ipsc",
    "psp": "epsp ipsp",
    "iv_curve": "iv i_v current_voltage_curve",
    "D-AP5": "apv d-apv dl-apv ap5 ap-5 dap5 dl-ap5",
    "MK-801": "mk801 dizocilpine",
    "gabazine": "sr95531 sr-95531",
    "bicuculline": "bmi bmr",
    "picrotoxin": "ptx",
    "benzodiazepine": "diazepam midazolam lorazepam clonazepam valium",
    "barbiturate": "pentobarbital phenobarbital thiopental",
    # classes
    "LIF": "iaf_* if_* iaf leakyintegrateandfire lifneuron",
    "Network": "gennmodel genn_model",
    "Simulator": "simulation",
    "GABA_A": "gaba gabaergic",
    "GLIF": "glif_*",
    "AdEx": "aeif_* eif_* adexp aeif",
    "HodgkinHuxley": "hh hh_* traubmiles",
    "PoissonSource": "spikesourcepoisson poissongroup poisson poissonneuron spikesourcepoissonrefractory "
    "ppd_sup_generator",
    "GammaSource": "spikesourcegamma gamma_sup_generator",
    "SpikeSource": "spike_generator spikesourcearray spikegeneratorgroup spikegenerator",
    "FixedProbability": "fixedprobabilityconnector pairwise_bernoulli fixedprobabilitynoautapse",
    "FixedInDegree": "fixed_indegree fixednumberpreconnector fixednumberpre",
    "FixedOutDegree": "fixed_outdegree fixednumberpostconnector fixednumberpostwithreplacement",
    "FixedTotalNumber": "fixed_total_number fixedtotalnumberconnector fixednumbertotalwithreplacement",
    "AllToAll": "all_to_all alltoallconnector",
    "OneToOne": "one_to_one onetooneconnector",
    "FromArrays": "fromlistconnector",
    "FromSparse": "arrayconnector",
    "FromTable": "fromfileconnector",
    "DistanceDependent": "distancedependentprobabilityconnector",
    "Annulus": "doughnut circular spherical",
    "Ellipse": "elliptical ellipsoidal",
    "Rectangle": "rectangular",
}  # fmt: skip

# Units elsewhere of what has another unit here.
_UNITS = {
    "cm": "in pF; PyNN has nF",
    "i_offset": "in pA; PyNN has nA",
    "g_leak": "in nS; PyNN has uS",
}


# Names of what gpusyn does not have, or has not everywhere, which look like another thing that it has.
_NOTHING_HERE = """
    sequential cpubackend tau_rec tau_facil tau_fac tau_psc v_reset v_peak sample start stop
    multapses delay
"""


class _Told(NamedTuple):
    """A thing that gpusyn says otherwise, where all the names `at` are allowed."""

    at: tuple[str, ...]
    sentence: str


_OF_RECEPTORS = _Told(
    ("I_e",), "it belongs to the receptors: population(..., receptors=[gs.AMPA(tau_decay=..., E_rev=...), ...])"
)
_OF_THE_RULE = _Told(("rule", "receptor"), "it belongs to the rule, such as gs.FixedInDegree(k, autapses=...)")
_INITIAL = _Told(("C_m",), "the initial value belongs to the population: population(..., V=...)")
_OTHER_NOISE = _Told(("trial",), "trial= gives the same network other noise; another seed needs another Simulator")
_CONDUCTANCE = _Told(("spikes",), "conductances and currents have the names of receptors, as in g_AMPA and I_AMPA")
_RESTING = _Told(("U", "tau_facil"), "u starts at 0 and x at 1: the first spike delivers U of the weight")
_BOUND = _Told(("learns", "axonal"), "weights stay from 0 to the w_max of net.connect(..., weight=..., w_max=...)")
_OF_PAIRS = _Told(("stdp", "modulator"), "it belongs to the pair rule: stdp=gs.STDP(...)")

_OTHERWISE = {
    "lambda lambda_ lam learning_rate": _Told(("A_plus", "A_minus"), "A_plus = lambda and A_minus = alpha * lambda"),
    "alpha": _Told(("A_plus", "A_minus"), "A_minus = alpha * lambda, with A_plus = lambda"),
    "u u0 u_0 x x0 x_0": _RESTING,
    "wmax w_max wmin w_min gmax weight w w0": _BOUND,
    "a_plus a_minus aplus aminus tau_plus tau_minus mu_plus mu_minus pairing learns axonal": _OF_PAIRS,
    "weight_dependence timing_dependence": _Told(
        ("A_minus", "mu_minus"), "write gs.STDP(A_plus, A_minus, tau_plus, tau_minus, mu_plus, mu_minus)"
    ),
    "dendritic_delay_fraction": _Told(("axonal",), "axonal = 1 - dendritic_delay_fraction"),
    "dendritic_delay": _Told(("axonal",), "axonal is the part of the delay before the synapse, 0 to 1"),
    "rho rho0 rho_0 target_rate r0 alpha": _Told(("eta", "rate"), "rate is that of the targets; alpha = 2 rate tau"),
    "tau_m taum tau_mem tau_membrane": _Told(("C_m", "g_L"), "C_m = tau_m * g_L: pF = ms * nS"),
    "taum tau_mem tau_membrane": _Told(("tau_m",), "did you mean 'tau_m'?"),  # in model files of SONATA
    "r_m rm r r_in rin membrane_resistance": _Told(("C_m", "g_L"), "g_L = 1000 / R: nS, with R in MOhm"),
    "tau_syn_e tau_syn_i tau_syn_ex tau_syn_in tau_syn_exc tau_syn_inh tausyn tau_e tau_i tau_syn tau_decay tau_rise "
    "e_rev_e e_rev_i e_ex e_in e_exc e_inh e_rev e_rev_ex e_rev_in e_rev_exc e_rev_inh e_syn ee ei": _OF_RECEPTORS,
    "v_m vm v v_init vinit v0 v_0 u": _INITIAL,
    "p p_connect prob probability connection_probability": _Told(
        ("rule", "receptor"), "write rule=gs.FixedProbability(p)"
    ),
    "indegree fan_in": _Told(("rule", "receptor"), "write rule=gs.FixedInDegree(k)"),
    "outdegree fan_out": _Told(("rule", "receptor"), "write rule=gs.FixedOutDegree(k)"),
    "allow_autapses autapses allow_self_connections allow_multapses multapses with_replacement": _OF_THE_RULE,
    "g gmax g_max gbar g_syn weight": _Told(("E_rev", "gating"), "the conductance is the weight= of connect and drive"),
    "mu sigma loc scale": _Told(("mean", "std"), "mean and std are those of the values, also of a LogNormal"),
    "scale beta": _Told(("mean",), "did you mean 'mean'?"),
    "rate lam lambd": _Told(("mean", "low"), "mean = 1 / rate"),
    "tstop t_stop t_end until": _Told(("duration", "progress"), "write sim.run(until - sim.time)"),
    "gpu cuda": _Told(("backend",), "write backend='cuda'"),
    "min_delay max_delay": _Told(("seed",), "delays belong to connect: net.connect(..., delay=...)"),
    "seed rng_seed input_seed noise_seed": _OTHER_NOISE,
    "g_ex g_in g_exc g_inh ge gi gsyn_exc gsyn_inh i_syn i_syn_ex i_syn_in": _CONDUCTANCE,
}  # fmt: skip


def foreign_hint(name: str, allowed: Collection[str]) -> str | None:
    """Return gpusyn's way of saying a name from another simulator, in brackets; None if the name is not known here.

    Parameters
    ----------
    name : str
        Name that the user gave.
    allowed : collection of str
        Names that are allowed at this place.

    Returns
    -------
    str or None
        ``""`` if the name is known but means nothing here.

    Examples
    --------
    >>> foreign_hint("v_rest", ["E_L", "V_reset"]), foreign_hint("tau_m", ["C_m", "g_L"])
    (" (did you mean 'E_L'?)", ' (C_m = tau_m * g_L: pF = ms * nS)')
    >>> foreign_hint("v_rest", ["V_reset"]), foreign_hint("V_rst", ["V_reset"])
    ('', None)
    """
    folded = name.casefold()
    like = (told for pattern, told in _LIKE if fnmatchcase(folded, pattern))
    for meaning in (*_KNOWN.get(folded, ()), *like):
        if all(own in allowed for own in meaning.at):
            return f" ({meaning.sentence})"
    return "" if folded in _KNOWN else None


def _meanings() -> Iterator[tuple[str, _Told]]:
    """Yield foreign names and patterns, each with a meaning."""
    for own, names in _SAME.items():
        for name in names.split():
            unit = f" {_UNITS[name]}" if name in _UNITS else ""
            yield name, _Told((own,), f"did you mean {own!r}?{unit}")
    for names, told in _OTHERWISE.items():
        yield from ((name, told) for name in names.split())
    for at, rows in INSTEAD.items():
        for sentence, names in rows.items():
            yield from ((name, _Told(at, sentence)) for name in names.split())


_LIKE = [(name, told) for name, told in _meanings() if "*" in name]
_KNOWN: dict[str, list[_Told]] = {name: [] for name in _NOTHING_HERE.split()}
for _name, _told in _meanings():
    if "*" not in _name:
        _KNOWN.setdefault(_name, []).append(_told)
