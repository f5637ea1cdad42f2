"""Functions, classes and methods of NEST, PyNN, Brian2, GeNN and NEURON, and what does the same in gpusyn.

A table for each place where users type them: what to write there -> names elsewhere, in lower case; ``*`` stands for
any letters. The first row with a name counts. What has a name of the same kind here is in `foreign_names`.
"""

from __future__ import annotations

# Names that are allowed at a place and at no other.
GPUSYN, NETWORK, SIMULATOR = ("Network", "Simulator"), ("population", "connect"), ("run", "weights")
POPULATION, SPIKES = ("size", "parts"), ("times", "trains")
PROJECTION, STIMULUS = ("pre", "post", "weights"), ("name", "target")
RECORDER, RESULTS = ("source", "variables", "is_spikes"), ("items", "keys")
KINETICS, DRUGS, LIBRARY = ("DualExponential", "Markov"), ("LIBRARY", "Drug"), ("NBQX", "CNQX")

_RUN = "write sim = gs.Simulator(net) and sim.run(duration)"
_MAKE = "write gs.Simulator(net, dt=..., seed=..., threads=...)"
_RECORD = "write net.record(population, 'spikes') or net.record(population, 'V')"
_READ = "write sim.data[recorder] with recorder = net.record(population, 'spikes')"
_CONNECT = "write net.connect(pre, post, rule, receptor=..., weight=..., delay=...)"
_DRIVE = "write net.drive(population, receptor, rate=..., weight=...)"
_INJECT = "write net.inject(population, current); a current in steps is a gs.Waveform"
_VALUES = "write sim.get(population, name) or sim.set(population, name, values)"
_DRUG = "the library has drugs by name: net.infuse('CNQX', concentration)"
_PLASTICITY = (
    "write net.connect(..., plasticity=gs.STDP(...)), or TripletSTDP, InhibitorySTDP, DopamineSTDP, TsodyksMarkram, "
    "QuantalRelease"
)
_NO_CHECKPOINT = "there are no checkpoints yet; sim.reset() goes back to the start"
_NO_REMOVAL = "nothing is taken out; make another gs.Network()"
_PLOT = "write gs.plot.raster(spikes), .rates, .distributions or gs.plot.traces(data), with spikes = sim.data[recorder]"

INSTEAD: dict[tuple[str, ...], dict[str, str]] = {
    GPUSYN: {
        # the run
        _RUN: "run simulate prepare runmanager run_for run_until continuerun finitialize",
        _MAKE: "setup setkernelstatus set_kernel_status getkernelstatus kernel_status resolution timestep dt "
        "get_time_step defaultclock clock prefs set_device get_device device local_num_threads rng_seed seed numpyrng "
        "gslrng nativerng rng_type",
        "write net = gs.Network(): networks share nothing": "resetkernel start_scope magicnetwork magic_network "
        "collect",
        "write sim.reset()": "reset reinit",
        "write sim.close(), or with gs.Simulator(net) as sim": "end cleanup stop finish",
        _NO_CHECKPOINT: "store restore",
        "write a loop of sim.run(...) and sim.set(...)": "network_operation networkoperation run_regularly",
        "one process simulates a network; gs.sweep runs many of them": "numprocesses num_processes rank syncprocesses",
        "write logging.getLogger('gpusyn').setLevel(...)": "set_verbosity get_verbosity verbosity loglevel",
        # what there is
        "write net.population(name, size, gs.LIF())": "neurongroup create neuronmodel_group",
        "write net.population(..., positions=...)": "grid2d grid3d line space randomstructure sphere cuboid spatial "
        "getposition createlayer plotlayer findcenterelement findnearestelement distance displacement",
        "write population[:10] for some of its neurons, and E + I for two populations": "populationview subgroup "
        "assembly nodecollection getnodes getlocalnodecollection group collection",
        "write gs.LIF(C_m=...) for the population, or sim.set(population, name, values)": "setstatus setdefaults "
        "copymodel set tset rset",
        "write sim.get(population, name), and sim.data[recorder] for what was recorded": "getstatus getdefaults get",
        "write net.population(..., V=...), or sim.set(population, 'V', values)": "initialize v_init",
        _CONNECT: "connect synapses projection netcon *static_synapse* staticsynapse staticpulse synapsegroup "
        "syngroup tripartiteconnect",
        _NO_REMOVAL: "disconnect",
        "write sim.weights(projection)": "getconnections synapsecollection getsourcenodes gettargetnodes "
        "dumplayerconnections weight_recorder",
        _RECORD: "*monitor multimeter voltmeter spike_recorder *spike_detector recorder record record_v record_gsyn "
        "record_spikes apcount",
        _READ: "getevents get_data events get_spikes getspikes",
        "results have it: sim.data[recorder].rate(), .cv(), .isi(), ...": "rate rates counts cv isi fano trains "
        "binned_rate between get_spike_counts mean_spike_count",
        "the simulator has it: sim.time, sim.data, sim.weights(projection), sim.save(path)": "time data weights save t "
        "get_current_time biological_time",
        "the network has it: net.inject, net.drive, net.clamp, net.infuse, net.describe()": "inject drive infuse clamp "
        "describe",
        _PLOT: "raster raster_plot plot_raster distributions traces overview voltage_trace brian_plot plot_* figure "
        "visualization",
        "it is in gs.measure": "iv_curve nernst psc psp paired_pulse_ratio nmda_ampa_ratio reversal_potential",
        "it is in gs.kinetics": "alpha dualexponential firstorder gprotein markov saturating kinetics biexponential",
        "it is in gs.drugs": "competitiveantagonist noncompetitiveantagonist openchannelblocker decaymodulator library",
        _DRUG: "nbqx cnqx d_ap5 ap5 apv mk801 mk_801 ketamine memantine bicuculline gabazine picrotoxin",
        # models, inputs and synapses
        "the models are gs.LIF, gs.GLIF, gs.AdEx, gs.Izhikevich and gs.HodgkinHuxley": "models list_standard_models "
        "node_models *gif_* mat2_* amat2_* *_ipn *_opn *_neuron pp_* eprop_* pointneuron rulkovmap siegert*",
        "neurons are points here": "spatialneuron morphology section soma cylinder multicompartmentneuron cm_default "
        "iaf_cond_alpha_mc",
        "write a class of your own, see docs/adding_a_neuron.md": "equations create_*_model nestml",
        _INJECT: "dcsource stepcurrentsource dc_generator step_current_generator iclamp currentsource",
        "write gs.Waveform(times, values), which net.inject takes": "timedarray acsource ac_generator",
        "write net.inject(population, gs.WhiteNoise(mean=..., std=..., dt=...))": "noisycurrentsource noise_generator",
        "write net.inject(population, gs.OrnsteinUhlenbeck(std=..., tau=...))": "ou_noise_generator ouprocess",
        "write net.clamp(population, V)": "vclamp seclamp voltageclamp",
        _DRIVE: "poissoninput",
        f"{_DRIVE}, or a population of gs.PoissonSource(rate)": "*poisson_generator* step_rate_generator netstim "
        "spikesourcepoissonrefractory spikesourcegamma spikesourceinhgamma spikesourceinhpoisson poissonnew "
        "gamma_sup_generator ppd_sup_generator sinusoidal_gamma_generator mip_generator",
        "write a population of gs.SpikeSource(times)": "pulsepacket_generator spike_train_injector parrot_neuron* "
        "spikegeneratorgroup",
        "write a receptor, such as gs.AMPA(tau_decay=...)": "expsyn exp2syn alphasynapse expcond receptors "
        "init_postsynaptic",
        "write gs.CurrentReceptor(name, tau=...)": "expcurr",
        "write gs.DeltaReceptor(name), whose weights are in mV": "deltacurr",
        _PLASTICITY: "*stdp* *tsodyks* *plasticity* *potentiation* *stochastic* multiquantal* *weightdependence "
        "*timingdependence spikepairrule *pairrule clopath_* vogels_* quantal_* bernoulli_* jonke_* "
        "urbanczik_* ht_synapse cont_delay_synapse",
        "write net.couple(A, B, rule, conductance)": "gap_junction electricalsynapse *_gap",
        # rules and values
        "write a rule, such as gs.FixedProbability(p)": "init_sparse_connectivity init_toeplitz_connectivity "
        "csaconnector smallworldconnector connectionrules",
        "write gs.FromArrays(pre, post) with the pairs": "*connector pairwise_poisson symmetric_*",
        "write gs.DistanceDependent(p, mask=gs.Annulus(...)), gs.Rectangle or gs.Ellipse": "createmask",
        "write gs.Normal(mean, std), gs.Uniform(low, high), ...": "randomdistribution init_var random createparameter "
        "parameter rand randn lognormal_distribution",
        "numbers are in ms, mV, nS, pA, pF, Hz, mM and uM; quantities with units are converted": "ms s us second "
        "msecond usecond mv uv v volt mvolt ns siemens nsiemens usiemens msiemens pa na ua amp namp pamp uamp pf nf uf "
        "farad pfarad nfarad ufarad hz khz hertz kilohertz mm um metre meter mmolar umolar ohm mohm gohm",
    },
    NETWORK: {
        _RUN: "run simulate build load compile step step_time run_for run_until",
        "the simulator has it: sim.time, sim.data, sim.weights(projection), sim.set(...)": "time t dt data weights "
        "set_weights get set get_data spikes results reset state save get_weights",
        _NO_CHECKPOINT: "store restore",
        "write gs.plan(net)": "plan",
        "write net.describe()": "summary info print scheduling_summary profiling_summary",
        _PLOT: "plot raster",
        "write net.drive, net.inject, net.clamp or net.infuse": "stimulate add_input add_poisson add_generator noise "
        "add_stimulus",
        "objects are added by the methods that make them: net.population, net.connect, ...": "add add_objects append",
        _NO_REMOVAL: "remove delete disconnect",
    },
    SIMULATOR: {
        "write sim.run(until - sim.time)": "run_until",
        "write net.record(population, variables) before the simulator is made": "record record_spikes record_v "
        "spikemonitor statemonitor",
        "it belongs to the network, before the simulator is made": "population connect inject drive clamp infuse "
        "create",
        _NO_CHECKPOINT: "store restore save_state load_state checkpoint",
        "write sim.close(), or with gs.Simulator(net) as sim": "end finish stop cleanup delete",
        "write sim.reset()": "reinit initialize finitialize",
        "write sim.data[recorder].rate(), with recorder = net.record(population, 'spikes')": "rate rates cv isi",
        _PLOT: "plot raster plot_raster",
        "it is what gs.Simulator(...) was given": "seed threads precision trial rng",
        _VALUES: "get_state set_state state push_*to_device pull_*from_device",
    },
    POPULATION: {
        "write net.record(population, variables)": "record record_spikes record_v",
        "write net.inject(population, current)": "inject",
        _DRIVE: "drive stimulate",
        _CONNECT: "connect",
        _VALUES: "get set tset rset initialize",
        _READ: "get_data getspikes get_spikes spikes rate mean_spike_count get_spike_counts",
        "write range(population.size), or population[:10] for some": "ids cells all all_cells local_cells global_id",
    },
    PROJECTION: {
        "write sim.weights(projection)": "get getweights get_weights getdelays save saveconnections size n_synapses "
        "synapses w",
        "write sim.set_weights(projection, weights)": "set setweights set_weights setdelays randomizeweights",
    },
    STIMULUS: {"write sim.set(...) with it": "set set_parameters amplitude amp update"},
    RECORDER: {_READ: "data get_data get spikes events times ids trains rate cv isi t v smooth_rate spike_trains"},
    RESULTS: {
        "write sim.data[recorder].rate() and so on": "rate rates cv isi fano counts times ids trains",
        "write results.traces['V'].t and so on": "t v",
    },
    SPIKES: {
        "write gs.plot.raster(spikes)": "plot raster",
        "write spikes.binned_rate(bin)": "psth histogram smooth_rate time_histogram instantaneous_rate",
        "write spikes.counts(population)": "count num_spikes spike_count get_spike_counts n_spikes",
        "write spikes.between(start, stop)": "time_slice slice filter crop",
    },
    KINETICS: {
        "write DualExponential(tau_rise, tau_decay)": "beta",
        "write Exponential(tau)": "exp expsyn exponentialdecay singleexponential",
        "write gs.DeltaReceptor(name), which has no gate": "delta dirac instantaneous",
    },
    DRUGS: {
        _DRUG: "nbqx cnqx d_ap5 dap5 ap5 apv mk801 mk_801 ketamine memantine bicuculline gabazine picrotoxin "
        "benzodiazepine barbiturate sr95531 diazepam"
    },
    LIBRARY: {
        "write a drug of your own: gs.Drug(name, actions)": "dnqx gyki* perampanel ifenprodil zolpidem cgp* baclofen",
        "magnesium belongs to the receptor: gs.NMDA(Mg=...)": "mg mg2+ magnesium",
    },
    ("rule", "receptor"): {
        "write receptor=, weight= and delay= themselves": "syn_spec synapse_parameters synapse_params params",
        _PLASTICITY: "stdp stp u tau_rec tau_facil timing_dependence weight_dependence",
    },
    ("rate", "weight", "receptor"): {"rate is that of all inputs together: n * rate": "n num n_inputs"},
    ("model", "receptors"): {
        "parameters belong to the model: gs.LIF(C_m=...)": "params cellparams param_dict parameters neuron_params",
    },
}  # fmt: skip
