"""Masks: which points lie inside, how far they reach, and where they fit."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gpusyn as gs
from gpusyn.connectivity import masks
from gpusyn.errors import ArgumentError, ParameterError

lengths = st.floats(0.01, 50.0)
places = st.floats(-20.0, 20.0)


def inside(mask, *point):
    return bool(mask.contains([np.array([x]) for x in point])[0])


def test_a_rectangle_holds_its_sides():
    mask = gs.Rectangle((-1.0, 0.0), (2.0, 0.5))
    assert inside(mask, -1.0, 0.5)
    assert inside(mask, 2.0, 0.0)
    assert not inside(mask, 2.1, 0.0)
    assert not inside(mask, 0.0, -0.1)
    assert mask.reach == pytest.approx(math.sqrt(4.25))
    assert inside(gs.Rectangle(-1.0, 3), 2.9)
    assert inside(gs.Rectangle([0, 0, 0], [1, 1, 1]), 1.0, 0.5, 0.0)


def test_a_ring_holds_its_outer_border_alone_as_in_nest():
    mask = gs.Annulus(1.0, 2.0)
    assert [inside(mask, x, 0.0) for x in (0.0, 1.0, 1.01, 2.0, 2.01)] == [False, False, True, True, False]
    assert [inside(gs.Annulus(0.0, 2.0), x) for x in (0.0, -2.0, 2.5)] == [True, True, False]
    moved = gs.Annulus(0.0, 1.0, anchor=(3.0, 0.0, 4.0))
    assert inside(moved, 3.0, 0.9, 4.0)
    assert not inside(moved, 0.0, 0.0, 0.0)
    assert moved.reach == 6.0


def test_an_ellipse_is_turned_from_x_towards_y():
    mask = gs.Ellipse(4.0, 2.0)
    assert [inside(mask, *point) for point in ((2.0, 0.0), (0.0, 1.0), (0.0, 1.1), (1.9, 0.5))] == [
        True,
        True,
        False,
        False,
    ]
    turned = gs.Ellipse(4.0, 2.0, azimuth_angle=90.0)
    assert inside(turned, 0.0, 2.0)
    assert not inside(turned, 1.1, 0.0)
    oblique = gs.Ellipse(4.0, 1.0, azimuth_angle=45.0)
    assert inside(oblique, 1.3, 1.3)
    assert not inside(oblique, 1.3, -1.3)
    ball = gs.Ellipse(4.0, 2.0, polar_axis=6.0)
    assert inside(ball, 0.0, 0.0, -3.0)
    assert not inside(ball, 0.0, 0.0, 3.1)


@st.composite
def any_mask(draw):
    kind = draw(st.sampled_from(["Rectangle", "Annulus", "Ellipse", "ellipsoid"]))
    if kind == "Rectangle":
        low = draw(st.lists(places, min_size=1, max_size=3))
        return gs.Rectangle(low, [x + draw(lengths) for x in low]), len(low)
    n = {"Annulus": draw(st.integers(1, 3)), "Ellipse": 2, "ellipsoid": 3}[kind]
    anchor = draw(st.none() | st.lists(places, min_size=n, max_size=n))
    if kind == "Annulus":
        inner = draw(st.just(0.0) | lengths)
        return gs.Annulus(inner, inner + draw(lengths), anchor=anchor), n
    minor, polar = draw(lengths), {} if kind == "Ellipse" else {"polar_axis": draw(lengths)}
    angle = draw(st.floats(-720.0, 720.0))
    return gs.Ellipse(minor + draw(st.just(0.0) | lengths), minor, azimuth_angle=angle, anchor=anchor, **polar), n


@given(any_mask(), st.integers(0, 2**32 - 1))
def test_no_point_of_a_mask_lies_beyond_its_reach_and_its_box(drawn, seed):
    mask, n = drawn
    low, high = (np.array(corner) for corner in mask.box(n))
    centre, size = (low + high) / 2, (high - low) / 2
    points = centre + np.random.default_rng(seed).uniform(-1.2, 1.2, (2000, n)) * size
    held = points[mask.contains(list(points.T))]
    assert (np.sqrt((held**2).sum(axis=1)) <= mask.reach * (1 + 1e-12)).all()
    assert (held >= low - 1e-12 * (1 + size)).all()
    assert (held <= high + 1e-12 * (1 + size)).all()
    touched = [abs(held[:, k] - centre[k]).max(initial=0.0) / size[k] for k in range(n)]
    assert min(touched) > 0.3  # the box is not wasteful
    assert eval(repr(mask), {name: getattr(gs, name) for name in ("Rectangle", "Annulus", "Ellipse")}) == mask


@given(st.floats(-1e4, 1e4))
def test_angles_are_exact_on_every_machine(degrees):
    cosine, sine = masks._cosine_and_sine(degrees)
    angle = math.radians(math.fmod(degrees, 360.0))
    assert cosine == pytest.approx(math.cos(angle), abs=1e-14)
    assert sine == pytest.approx(math.sin(angle), abs=1e-14)
    assert abs(cosine**2 + sine**2 - 1) < 3e-16


def test_right_angles_have_no_rounding():
    for quarter, wanted in zip(range(-4, 5), itertools.cycle([(1, 0), (0, 1), (-1, 0), (0, -1)]), strict=False):
        assert masks._cosine_and_sine(90.0 * quarter) == wanted


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: gs.Rectangle((0, 0), (1,)), ParameterError, "same dimensions"),
        (
            lambda: gs.Rectangle((0, 0), (1, 0)),
            ParameterError,
            r"upper_right: must be above lower_left.*got \(1.0, 0.0\)",
        ),
        (lambda: gs.Rectangle((0,) * 4, (1,) * 4), ArgumentError, "lower_left: must be one to three numbers"),
        (lambda: gs.Rectangle("a", 1), ArgumentError, "lower_left: must be one to three numbers"),
        (lambda: gs.Rectangle((0, np.nan), (1, 1)), ParameterError, "lower_left.*finite"),
        (lambda: gs.Annulus(-1.0, 2.0), ParameterError, "inner_radius"),
        (lambda: gs.Annulus(2.0, 2.0), ParameterError, "outer_radius: must be .* > 2"),
        (lambda: gs.Annulus(1.0, 2.0, anchor=[[1.0]]), ArgumentError, "anchor: must be one to three numbers"),
        (lambda: gs.Annulus(1.0, 2.0, center=1.0), ArgumentError, "center"),
        (lambda: gs.Ellipse(1.0, 2.0), ParameterError, "minor_axis: must be at most major_axis.*azimuth_angle"),
        (lambda: gs.Ellipse(2.0, 0.0), ParameterError, "minor_axis"),
        (lambda: gs.Ellipse(2.0, 1.0, azimuth_angle=np.inf), ParameterError, "azimuth_angle"),
        (lambda: gs.Ellipse(2.0, 1.0, polar_axis=-1.0), ParameterError, "polar_axis"),
        (
            lambda: gs.Ellipse(2.0, 1.0, anchor=(1.0, 2.0, 3.0)),
            ParameterError,
            "anchor: must have 2 numbers.*polar_axis",
        ),
    ],
)
def test_what_masks_refuse(make, error, text):
    with pytest.raises(error, match=text):
        make()


def test_where_a_mask_does_not_fit():
    with pytest.raises(ParameterError, match=r"^here: Ellipse\(.*positions of 2 dimensions \(got positions of 3\)"):
        gs.Ellipse(2.0, 1.0).check(3, None, "here")
    with pytest.raises(ParameterError, match=r"positions of 1 dimensions \(got positions of 2\)"):
        gs.Rectangle(0.0, 1.0).check(2, None, "here")
    for n in (1, 2, 3):
        gs.Annulus(0.0, 1.0).check(n, (2.0,) * n, "here")
    with pytest.raises(ParameterError, match=r"within half of the extent on either side, -0.75 to 0.75.*-1 to 1"):
        gs.Annulus(0.0, 1.0).check(2, (2.0, 1.5), "here")
    with pytest.raises(ParameterError, match="within half of the extent"):
        gs.Rectangle((0.0, 0.0), (0.1, 0.6)).check(2, (1.0, 1.0), "here")
