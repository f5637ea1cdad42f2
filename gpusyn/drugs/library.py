"""Common drugs of synaptic physiology.

The `source` of each drug says where its constants come from and how certain they are. Constants without a paper are the
usual textbook values. Temperatures, subunits and preparations differ, so each is uncertain by at least a factor of two.
"""

from __future__ import annotations

from gpusyn.drugs.actions import (
    CompetitiveAntagonist,
    DecayModulator,
    GlycineSiteAntagonist,
    NonCompetitiveAntagonist,
    OpenChannelBlocker,
)
from gpusyn.drugs.drug import Drug
from gpusyn.utils.immutable import ReadOnlyDict

__all__ = ["LIBRARY"]

_DRUGS = (
    Drug(
        "NBQX",
        CompetitiveAntagonist("AMPA", K=0.15),
        source="K about 0.15 uM, within a factor of 3; no effect on the glycine site of NMDA receptors at 10 uM",
    ),
    Drug(
        "CNQX",
        CompetitiveAntagonist("AMPA", K=0.3),
        GlycineSiteAntagonist(K=6.3),
        source="AMPA: IC50 0.3 uM (Honore et al. 1988), 0.4 to 1.3 uM elsewhere; glycine site: K_d 6.3 uM at isolated "
        "GluN1, which matters when glycine is low",
    ),
    Drug(
        "D-AP5",
        CompetitiveAntagonist("NMDA", K=1.4),
        source="K_b about 1.4 uM, within a factor of 2; 25 to 50 uM are used for full block",
    ),
    Drug(
        "MK-801",
        OpenChannelBlocker("NMDA", k_on=0.025, k_off=1 / 5.4e6, z_delta=0.966, V0=-70.0, P_open=0.3),
        source="k_on 25 to 30 /(uM s), known to an order of magnitude; unbinding with agonist takes 90 min at -70 mV "
        "and 2 min at +30 mV (Huettner & Bean 1988), hence z_delta 0.966; trapped; P_open 0.3 assumed",
    ),
    Drug(
        "ketamine",
        OpenChannelBlocker("NMDA", k_on=1.5e-4, k_off=2.2e-4, z_delta=0.79, V0=-70.0),
        source="rates of the whole current of human GluN1/2A at -70 mV: 0.15 /(uM s), 0.22 /s, delta 0.79, fully "
        "trapped (Gilling et al. 2009); the ratio of the rates is 1.5 uM, the IC50 measured at steady state is 0.71 uM",
    ),
    Drug(
        "memantine",
        OpenChannelBlocker("NMDA", k_on=3.2e-4, k_off=5.3e-4, z_delta=0.85, V0=-70.0, escape=0.2),
        source="rates of the whole current of human GluN1/2A at -70 mV: 0.32 /(uM s), 0.53 /s, about 20 % escapes "
        "trapping (Gilling et al. 2009); the ratio of the rates is 1.7 uM, the IC50 about 1 uM; delta 0.8 to 0.9",
    ),
    Drug(
        "bicuculline",
        CompetitiveAntagonist("GABA_A", K=1.0),
        source="IC50 about 1 uM (0.5 to 2) at the EC50 of GABA",
    ),
    Drug(
        "gabazine",
        CompetitiveAntagonist("GABA_A", K=0.1),
        source="IC50 0.05 to 0.1 uM for synaptic responses, where the drug binds before the transmitter; affinity "
        "about 0.2 uM (Lindquist et al. 2005)",
    ),
    Drug(
        "picrotoxin",
        NonCompetitiveAntagonist("GABA_A", IC50=5.0),
        source="IC50 1 to 10 uM; 50 to 100 uM are used for full block",
    ),
    Drug(
        "benzodiazepine",
        DecayModulator("GABA_A", extra=0.4, EC50=0.01),
        source="midazolam: decay of miniature IPSCs +40 % at 0.1 uM, amplitude unchanged (Poncer et al. 1996); the "
        "EC50 is assumed to be well below that concentration",
    ),
    Drug(
        "barbiturate",
        DecayModulator("GABA_A", extra=1.5, EC50=50.0),
        source="pentobarbital: the decay grows with the dose, up to 2 to 3 times (Otis & Mody 1992); 50 uM increase "
        "the agonist's potency 4 times (Riley & Scholfield 1983) and are taken as the EC50; opening without GABA is "
        "left out",
    ),
)

#: Common drugs by name; ``LIBRARY["NBQX"].source`` says where the constants come from.
LIBRARY: ReadOnlyDict[Drug] = ReadOnlyDict({drug.name: drug for drug in _DRUGS})
