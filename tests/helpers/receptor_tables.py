"""The tables of docs/receptors.md, made from the classes.

``python -m tests.helpers.receptor_tables`` writes them there.

Numbers come from the code, so that the page cannot drift from it. Where a number comes from, and how sure that is,
stands here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import fields

import numpy as np

import gpusyn as gs
from tests.helpers.paths import ROOT

PAGE = ROOT / "docs" / "receptors.md"

# Receptor and parameter: source of the default, and how sure it is (the page explains the letters).
DEFAULTS = {
    "AMPA": {
        "tau_decay": "one exponential as in many network models [M]",
        "E_rev": "where Na+ in and K+ out balance [2]",
        "tau_rise": "with 0.2 / 1.7 ms the shape of a fast cortical EPSC [M]",
        "Pf": "GluA1/GluA2; GluA1 alone 0.032 (Dingledine et al. 1999) [1]",
    },
    "NMDA": {
        "Mg": "most models [2]; 1.2 in others [1]",
        "tau_rise": "convention of network models [2]",
        "tau_decay": "convention [2]; GluN2A about 50, GluN2B 250 to 300 [M]",
        "E_rev": "as for AMPA [2]",
        "block": "Jahr & Stevens 1990 [2]",
        "glycine": "saturating, as in most models; ambient about 1 to 10 [M]",
        "glycine_site": "EC50 1 uM, h 1.4: demo values; by subunit 1.1, 0.72, 0.34, 0.13 (2A to 2D) [M]",
        "Pf": "GluN1/2A 0.10 to 0.19, 2B 0.175, 2C 0.082 (Dingledine et al. 1999) [1]",
    },
    "GABA_A": {
        "tau_decay": "8 to 10 in networks; 4.2 to 7.2 at 34 °C (Otis & Mody 1992) [1]",
        "E_rev": "-70 to -80 in models [2]; HCO3- puts it a few mV above E_Cl [M]",
        "tau_rise": "0.5 ms for a fast IPSC [M]",
    },
    "GABA_B": {"E_rev": "potassium; -90 to -95 in models [2]"},
}

# Published kinetics: what makes them, and where they are from.
KINETICS = {
    "FirstOrder.AMPA": "authors' NEURON mechanism, ModelDB 18198 and 18500 [1]",
    "FirstOrder.NMDA": "the same, and a public port [2]",
    "FirstOrder.GABA_A": "the same, and a course page [2]",
    "Saturating.NMDA": "Wang 1999, Brunel & Wang 2001; NEST and Brian2 code [2]",
    "Markov.NMDA": "ModelDB 18198 [1]; the same rate for both bindings, as in the authors' code",
    "Markov.NMDA_LesterJahr": "Lester & Jahr 1992, as listed in ModelDB 18198 [1]",
    "Markov.AMPA": "ModelDB 18198 [1]; the same rate for both bindings",
    "Markov.GABA_A": "after Busch & Sakmann 1990; ModelDB 18198 [1]",
    "GProtein": "four rates: a course page about the 1998 chapter [1]; K_d and pulse [M]",
    "GProtein.ModelDB": "authors' NEURON mechanism, fitted to a 5 ms pulse [1]",
}

# Magnesium blocks by their maker ("": the default), and where they are from.
BLOCKS = {
    "": "Jahr & Stevens 1990 [2]",
    "Mel": "Mel 1992 and models of pyramidal cells [1]",
    "HillTononi": "Hill & Tononi 2005, as in NEST's `ht_neuron` [1]",
}

# What drugs do, in a few words; the equations stand on the page.
ACTIONS = {
    gs.drugs.CompetitiveAntagonist: "competitive",
    gs.drugs.NonCompetitiveAntagonist: "not competitive",
    gs.drugs.GlycineSiteAntagonist: "competes with glycine",
    gs.drugs.DecayModulator: "slower decay",
    gs.drugs.OpenChannelBlocker: "enters open channels: per-synapse",
}

# How sure the constants of a drug are; what they are from says the library itself.
DRUGS = {
    "NBQX": "[M]",
    "CNQX": "AMPA [2], glycine site [1]",
    "D-AP5": "[M]",
    "MK-801": "unbinding [1], k_on [M]",
    "ketamine": "[1]",
    "memantine": "rates [1], delta [M]",
    "bicuculline": "[M]",
    "gabazine": "[1]",
    "picrotoxin": "[M]",
    "benzodiazepine": "decay [1], EC50 assumed",
    "barbiturate": "effects [1], constants [M]",
}


def rows(head: str, lines: list[list[str]]) -> str:
    columns = head.count("|") + 1
    return "\n".join([f"| {head} |", "|" + "---|" * columns, *(f"| {' | '.join(line)} |" for line in lines)])


def defaults() -> str:
    """Return the table of defaults, one row a parameter."""
    lines = []
    for kind, sources in DEFAULTS.items():
        for p in getattr(gs, kind).PARAMETERS:
            default = "-" if p.default is None else f"{p.default:g}"
            lines.append([f"`{kind}`", f"`{p.name}`", default, p.unit, p.meaning, sources[p.name]])
    return rows("receptor | parameter | default | unit | meaning | source", lines)


def constants(made) -> str:
    """Return the constants of some kinetics with their units, and the transitions between states."""
    text = []
    for field in fields(made):
        value, unit = getattr(made, field.name), made.units.get(field.name, "ms")
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            text.append(f"{field.name} {value:g}" + ("" if isinstance(value, int) else f" {unit}"))
    return ", ".join(transitions(made) + text)


def transitions(made) -> list[str]:
    """Return the rates between states (1/ms) of a Markov scheme, forth and back; c is the transmitter in mM."""
    if not isinstance(made, gs.kinetics.Markov):
        return []

    def rate(start: int, end: int) -> str:
        free, bound = made.rates[end][start], made.binding[end][start]
        return f"{bound:g} c" if bound else f"{free:g}"

    pairs = [(i, j) for j in range(len(made.rates)) for i in range(j)]
    moves = [f"{i}-{j}: {rate(i, j)} / {rate(j, i)}" for i, j in pairs if rate(i, j) != "0" or rate(j, i) != "0"]
    return [*moves, f"open: {' and '.join(map(str, made.open))}"]


def kinetics() -> str:
    """Return the table of published kinetics."""
    lines = []
    for name, source in KINETICS.items():
        make = gs.kinetics
        for part in name.split("."):
            make = getattr(make, part)
        lines.append([f"`gs.kinetics.{name}()`", constants(make()), source])
    return rows("kinetics | constants | source", lines)


def blocks() -> str:
    """Return the table of published magnesium blocks."""
    lines = []
    for name, source in BLOCKS.items():
        block = getattr(gs.MgBlock, name)() if name else gs.MgBlock()
        half = np.log(block.eta) / block.gamma
        slow = block.unblock
        stages = f"{slow.tau_fast:g} and {slow.tau_slow:g} ms" if slow else "at once"
        made = f"`gs.MgBlock{'.' if name else ''}{name}()`"
        lines.append([made, f"1/{1 / block.eta:.4g}", f"{block.gamma:g}", f"{half:.2f}", stages, source])
    return rows("block | eta (1/mM) | gamma (1/mV) | half at 1 mM (mV) | unblock | source", lines)


def effect(action) -> str:
    """Return what an action does, with its constants and their units."""
    text = []
    for name, limits in action.LIMITS.items():
        unit = limits.get("unit", "")
        text.append(f"{name} {getattr(action, name):.3g}" + (f" {unit}" if unit else ""))
    return f"{ACTIONS[type(action)]}: {', '.join(text)}"


def drugs() -> str:
    """Return the table of drugs in the library."""
    lines = []
    for name, drug in gs.drugs.LIBRARY.items():
        receptors = ", ".join(f"`{kind}`" for kind in dict.fromkeys(action.receptor for action in drug.actions))
        lines.append([f"`{name}`", receptors, "; ".join(map(effect, drug.actions)), drug.source, DRUGS[name]])
    return rows("drug | acts on | how | source | how sure", lines)


TABLES = {"defaults": defaults, "kinetics": kinetics, "blocks": blocks, "drugs": drugs}


def with_tables(page: str, tables: Mapping[str, Callable[[], str]] = TABLES) -> str:
    """Return a page with its tables made anew."""
    for name, make in tables.items():
        place = re.compile(rf"(<!-- {name}[^>]*-->\n).*?(<!-- end -->)", re.DOTALL)
        page, count = place.subn(lambda found, make=make: f"{found[1]}{make()}\n{found[2]}", page)
        assert count == 1, f"the page needs one place <!-- {name} --> ... <!-- end -->"
    return page


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
