"""How many synapses can be stored together: numbers of 32 bits tell them apart."""

from __future__ import annotations

import logging

from gpusyn.builder.layout import Layout
from gpusyn.builder.notes import Note
from gpusyn.builder.pathways import Bundle
from gpusyn.builder.plasticity.calcium import is_noisy
from gpusyn.errors import ParameterError

MOST = 2**32 - 1


def too_many(layout: Layout) -> list[Note]:
    """Return a warning for each projection that is expected to have too many synapses, before any is drawn."""
    found = []
    for bundle in layout.bundles:
        projection = bundle.pathways[0].projection
        expected = 0 if bundle.shared or bundle.taken_back else round(bundle.expected)
        every = sum(max(p.expected, p.everywhere) for p in layout.pathways_of(projection))
        if expected > MOST:
            found.append((projection.name, "about " + in_rows(bundle, expected)))
        elif is_known_by_number(bundle) and every > MOST:
            found.append((projection.name, f"about {numbered(round(every))}"))
    return [Note("Projection", name, "", text, logging.WARNING) for name, text in found]


def is_known_by_number(bundle: Bundle) -> bool:
    """Return whether random numbers are drawn for the synapses of a bundle by their numbers."""
    return bundle.one_by_one or is_noisy(bundle)


def in_rows(bundle: Bundle, n: int) -> str:
    """Return the sentence that refuses `n` synapses in the rows of a bundle."""
    return (
        f"{n} synapses of population '{bundle.pathways[0].pre.population.name}' are in common rows, but at most {MOST} "
        "are possible; split the population into several"
    )


def numbered(n: int) -> str:
    """Return the sentence that refuses `n` synapses of which each needs a number."""
    return (
        f"{n} synapses release one by one, or their learning is noisy, so that each needs a number, but at most {MOST} "
        "are possible; split the population into several"
    )


def check_room(bundle: Bundle, n: int) -> None:
    """Refuse a bundle of `n` synapses if its rows cannot hold as many.

    Raises
    ------
    ParameterError
        If there are too many; the message tells what to split.
    """
    if n > MOST:
        raise ParameterError(f"Projection '{bundle.pathways[0].projection.name}': {in_rows(bundle, n)}")


def check_numbers(projection: str, n: int) -> None:
    """Refuse a projection of `n` synapses if each needs a number and there are not as many.

    Raises
    ------
    ParameterError
        If there are too many; the message tells what to split.
    """
    if n > MOST:
        raise ParameterError(f"Projection '{projection}': {numbered(n)}")
