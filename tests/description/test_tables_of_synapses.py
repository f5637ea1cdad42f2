"""Synapses with their own weights and delays: rows of a table, and entries of a sparse matrix."""

from decimal import Decimal

import numpy as np
import pytest

import gpusyn as gs
from gpusyn.errors import ArgumentError, FileError, ParameterError, UnknownNameError

PRE, POST, W, D = [0, 0, 2, 3], [1, 2, 1, 0], [0.5, 1.0, 2.0, 0.25], [1.0, 1.5, 1.0, 3.2]
TABLE = {"pre": PRE, "post": POST, "w": W, "d": D, "kind": ["a", "b", "a", "a"]}
TEXT = "pre,post,w,d,kind\n0,1,0.5,1.0,a\n0,2,1.0,1.5,b\n2,1,2.0,1.0,a\n3,0,0.25,3.2,a\n"


@pytest.fixture
def net():
    net = gs.Network()
    net.population("E", 4, gs.LIF(), receptors=[gs.AMPA(), gs.NMDA(), gs.GABA_A()])
    return net


def frame(kind, folder):
    """Return the table as a mapping, a structured array, a DataFrame or the path of a file."""
    if kind == "mapping":
        return TABLE
    if kind == "structured array":
        dtype = [("pre", "i8"), ("post", "u2"), ("w", "f4"), ("d", "f8"), ("kind", "U1")]
        return np.array(list(zip(*TABLE.values(), strict=True)), dtype=dtype)
    if kind == "DataFrame":
        return pytest.importorskip("pandas").DataFrame(TABLE)
    if kind == "imitated DataFrame":  # as of pandas and polars, with ids that became floats beside missing values
        return type("Frame", (), {"columns": list(TABLE), "__getitem__": lambda self, name: as_stored(name)})()
    path = folder / "synapses.csv"
    encoding = "utf-8-sig" if kind == "with a mark" else "utf-8"
    text = TEXT.replace(",", {"tabs": "\t", "semicolons": "; ", "blanks": " "}.get(kind, ","))
    path.write_text(text, encoding=encoding, newline="\r\n" if kind == "with a mark" else "\n")
    return path if kind == "commas" else str(path)


def as_stored(name):
    return np.array(TABLE[name], dtype={"pre": float, "post": object}.get(name))


KINDS = ["mapping", "structured array", "DataFrame", "imitated DataFrame"]
FILES = ["commas", "tabs", "semicolons", "blanks", "with a mark"]


@pytest.mark.parametrize("kind", KINDS + FILES)
def test_the_rows_of_a_table_are_synapses(net, kind, tmp_path):
    rule = gs.FromTable(frame(kind, tmp_path))
    projection = net.connect("E", "E", rule, weight={"AMPA": "w", "NMDA": gs.Ratio("AMPA", 2.0)}, delay="d")
    assert repr(rule) == "FromTable(4 synapses, columns pre, post, w, d, kind)"
    assert (rule.pre.tolist(), rule.post.tolist()) == (PRE, POST)
    assert projection.weights["AMPA"].tolist() == W
    assert projection.delay.tolist() == D
    with gs.Simulator(net, dt=0.1, backend="numpy") as sim:
        found = sim.weights(projection)
    assert found.pre.tolist() == PRE
    assert found.post.tolist() == POST
    np.testing.assert_allclose(found.weight["AMPA"], W, rtol=1e-6)
    np.testing.assert_allclose(found.weight["NMDA"], 2 * np.array(W), rtol=1e-6)
    np.testing.assert_allclose(found.delay, D)


def test_other_names_and_no_rows(net, tmp_path):
    rule = gs.FromTable({"from": PRE, "to": POST}, pre="from", post="to")
    assert rule.post.tolist() == POST
    empty = tmp_path / "empty.csv"
    empty.write_text("pre,post,w\n")
    assert net.connect("E", "E", gs.FromTable(empty), receptor="AMPA", weight="w").rule.pre.tolist() == []


def test_the_numbers_are_copied(net):
    table = {"pre": np.array(PRE), "post": np.array(POST), "w": np.array(W)}
    rule, same = gs.FromTable(table), gs.FromTable(table)
    table["w"][:] = table["pre"][:] = 0
    assert net.connect("E", "E", rule, receptor="AMPA", weight="w").weights["AMPA"].tolist() == W
    assert rule == same
    assert rule != gs.FromTable(TABLE)  # other columns
    assert rule != gs.FromTable(table)  # other numbers


def test_fractions_among_objects_are_kept(net):
    """A column of a DataFrame has objects where numbers are of several kinds or missing."""
    mixed = TABLE | {"w": np.array([1, 0.5, Decimal("0.25"), np.float32(2.5)], dtype=object)}
    projection = net.connect("E", "E", gs.FromTable(mixed), receptor="AMPA", weight="w")
    assert projection.weights["AMPA"].tolist() == [1.0, 0.5, 0.25, 2.5]
    with pytest.raises(ArgumentError, match=r"FromTable\.pre: must be integers"):
        gs.FromTable(TABLE | {"pre": np.array([0.5, 1, 2, 3], dtype=object)})


@pytest.mark.parametrize(
    ("table", "error", "message"),
    [
        (3, ArgumentError, r"FromTable.frame: must be a DataFrame.*got 3.*FromArrays"),
        ([[0, 1]], ArgumentError, r"FromTable.frame: must be a DataFrame"),
        (np.zeros((2, 2)), ArgumentError, r"FromTable.frame: must be a DataFrame"),
        (TABLE | {"pre": [0.5, 1, 2, 3]}, ArgumentError, r"FromTable.pre: must be integers"),
        (TABLE | {"pre": [np.nan, 1, 2, 3]}, ArgumentError, r"FromTable.pre: must be integers"),
        (TABLE | {"pre": ["x", "1", "2", "3"]}, ParameterError, r"FromTable.pre: column 'pre'.*numbers"),
        (TABLE | {"pre": [-1, 1, 2, 3]}, ParameterError, r"FromTable.pre: must be positions >= 0 \(got -1"),
        (TABLE | {"w": [1.0]}, ParameterError, r"equal length \(got \[1, 4\]\)"),
        (TABLE | {"w": np.ones((4, 2))}, ParameterError, r"column 'w': must be one-dimensional"),
        ({"prae": PRE, "post": POST}, UnknownNameError, r"FromTable.pre: unknown name 'pre'.*known here: prae, post"),
    ],
    ids=str,
)
def test_wrong_tables(table, error, message):
    with pytest.raises(error, match=message):
        gs.FromTable(table)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, r"synapses.csv: cannot be read"),
        (b"pre,post\n\xff\xfe,1\n", r"cannot be read"),
        (b"", r"is empty"),
        (
            b"pre,post,w\n0,1,0.5\n0,2\n",
            r"line 3: has 2 values, but the header names 3 columns, \['pre', 'post', 'w'\]",
        ),
        (b"pre,post,pre\n0,1,0\n", r"names a column twice"),
    ],
)
def test_wrong_files(tmp_path, text, message):
    path = tmp_path / "synapses.csv"
    if text is not None:
        path.write_bytes(text)
    with pytest.raises(FileError, match=message):
        gs.FromTable(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pre;post;w\n0;1;0,5\n", r"got '0,5' at line 2; write a decimal point"),
        ("pre,post,w\n0,1,0.5\n\n0,2,\n", r"got '' at line 4; fill the cell or leave out the line"),
        ("pre,post,w\n0,1,0.5\n0,2,strong\n", r"got 'strong' at line 3; choose another"),
    ],
)
def test_the_line_of_a_text_among_numbers_is_told(net, tmp_path, text, message):
    path = tmp_path / "synapses.csv"
    path.write_text(text)
    with pytest.raises(ParameterError, match=rf"column 'w' of FromTable must have numbers alone \({message}\)"):
        net.connect("E", "E", gs.FromTable(path), receptor="AMPA", weight="w")
    nested = np.empty(4, dtype=object)
    nested[:] = [np.ones(2), 2, 3, 4]
    for column, given in ((["1", "x", "2", "3"], "'x' at index 1"), ([True] * 4, "bool"), (nested, "at index 0")):
        with pytest.raises(ParameterError, match=given):
            gs.FromTable(TABLE | {"w": np.array(column, dtype=None if given == "bool" else object)}).column("w", "x")


def test_a_file_without_a_header_is_told(tmp_path):
    path = tmp_path / "synapses.csv"
    path.write_text("0,1,0.5,1.0\n1,2,0.5,1.0\n")
    with pytest.raises(UnknownNameError, match="the first line of the file must have the names of the columns"):
        gs.FromTable(path)
    path.write_text("0,1\n1,2\n")
    assert gs.FromTable(path, pre="0", post="1").pre.tolist() == [1]  # names that pandas gives


def test_measured_delays_are_told_how_to_round(net):
    rule = gs.FromTable(TABLE | {"d": [1.23, 1.5, 0.02, 3.2]})
    net.connect("E", "E", rule, receptor="AMPA", weight="w", delay="d")
    with pytest.raises(ParameterError, match=r"got 1\.23\).*; np\.rint\(times / 0\.1\) \* 0\.1 rounds them all"):
        gs.plan(net)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"weight": "W"}, UnknownNameError, r"connect\(\).weight: unknown name 'W'.*known here: pre, post, w"),
        ({"weight": "kind"}, ParameterError, r"connect\(\).weight: column 'kind' of FromTable must have numbers"),
        ({"weight": 1.0, "delay": "x"}, UnknownNameError, r"Projection 'E->E:AMPA'.delay: unknown name 'x'"),
        ({"weight": {"AMPA": "x"}, "receptor": None}, UnknownNameError, r"weight\['AMPA'\]: unknown name 'x'"),
        (
            {"weight": "w", "rule": gs.FixedProbability(0.5)},
            ArgumentError,
            r"weight: .*got 'w'.*column of gs.FromTable",
        ),
        ({"weight": 1.0, "delay": "d", "rule": gs.AllToAll()}, ArgumentError, r"delay: .*got 'd'.*gs.FromTable"),
    ],
    ids=str,
)
def test_wrong_columns(net, options, error, message):
    with pytest.raises(error, match=message):
        net.connect("E", "E", **({"rule": gs.FromTable(TABLE), "receptor": "AMPA"} | options))
    assert not net.projections


class TestGraphs:
    @pytest.fixture
    def networkx(self):
        return pytest.importorskip("networkx")

    @pytest.mark.parametrize("kind", ["DiGraph", "MultiDiGraph"])
    def test_edges_are_synapses_with_their_attributes(self, net, networkx, kind):
        """Whatever order the nodes were added in: their labels are the positions."""
        graph = getattr(networkx, kind)()
        edges = list(zip(PRE, POST, W, D, strict=True))
        for pre, post, weight, delay in reversed(edges):
            graph.add_edge(pre, np.int32(post), weight=weight, delay=delay)
        rule = gs.FromTable(graph)
        projection = net.connect("E", "E", rule, receptor="AMPA", weight="weight", delay="delay")
        assert repr(rule) == "FromTable(4 synapses, columns pre, post, weight, delay)"
        found = zip(rule.pre, rule.post, projection.weights["AMPA"], projection.delay, strict=True)
        assert sorted(found) == sorted(edges)

    def test_graphs_drawn_by_networkx(self, networkx):
        graph = networkx.watts_strogatz_graph(20, 4, 0.2, seed=1).to_directed()
        rule = gs.FromTable(graph)
        matrix = np.zeros((20, 20))
        matrix[rule.pre, rule.post] = 1
        assert np.array_equal(matrix, networkx.to_numpy_array(graph, nodelist=range(20)))
        assert gs.FromTable(networkx.DiGraph()).pre.tolist() == []

    def test_edge_lists_of_networkx(self, net, networkx):
        pytest.importorskip("pandas")
        graph = networkx.DiGraph()
        graph.add_weighted_edges_from(zip(PRE, POST, W, strict=True))
        table = gs.FromTable(networkx.to_pandas_edgelist(graph), pre="source", post="target")
        assert sorted(zip(table.pre, table.post, table.column("weight", "x"), strict=True)) == sorted(
            zip(PRE, POST, W, strict=True)
        )

    def test_wrong_graphs(self, net, networkx):
        with pytest.raises(ArgumentError, match=r"must be a directed graph.*graph\.to_directed\(\)"):
            gs.FromTable(networkx.path_graph(3))
        graph = networkx.DiGraph([("a", "b")])
        with pytest.raises(ArgumentError, match=r"nodes.*positions.*got 'a'.*convert_node_labels_to_integers"):
            gs.FromTable(graph)
        assert gs.FromTable(networkx.convert_node_labels_to_integers(graph)).post.tolist() == [1]
        graph = networkx.DiGraph()
        graph.add_edge(0, 1, weight=1.0)
        graph.add_edge(1, 2)
        with pytest.raises(ParameterError, match=r"weight\[1\]: must be a finite number.*got nan, 1 wrong of 2"):
            net.connect("E", "E", gs.FromTable(graph), receptor="AMPA", weight="weight")
        graph.add_edge(0, 2, pre=3)
        with pytest.raises(ParameterError, match=r"must not be named 'pre' or 'post'.*rename it"):
            gs.FromTable(graph)


class TestSparse:
    dense = np.array([[0.0, 0.5, -2.0], [0.0, 0.0, -0.25], [1.5, 0.0, 0.0], [0.0, 3.0, 0.0]])

    @pytest.fixture(params=["csr", "csc", "coo"])
    def synapses(self, request):
        sparse = pytest.importorskip("scipy.sparse")
        return gs.FromSparse(getattr(sparse, f"{request.param}_array")(self.dense))

    def test_entries_of_both_signs_have_receptors_of_their_own(self, net, synapses):
        """The weights that the simulation has are the matrix again."""
        E = net.populations["E"]
        plus = net.connect(E, E[:3], synapses.positive, receptor="AMPA", weight="data")
        minus = net.connect(E, E[:3], synapses.negative, receptor="GABA_A", weight="data")
        again = np.zeros((4, 3))
        with gs.Simulator(net, backend="numpy") as sim:
            for sign, projection in ((1, plus), (-1, minus)):
                found = sim.weights(projection)
                assert (found.weight > 0).all()
                again[found.pre, found.post] += sign * found.weight
        np.testing.assert_allclose(again, self.dense, rtol=1e-6)

    def test_signed_weights_of_currents(self, synapses):
        net = gs.Network()
        cells = net.population("E", 4, gs.LIF(), receptors=gs.CurrentReceptor("I", tau=2.0))
        weights = net.connect(cells, cells[:3], synapses, receptor="I", weight="data").weights["I"]
        assert sorted(weights) == [-2.0, -0.25, 0.5, 1.5, 3.0]

    def test_negative_conductances_are_refused(self, net, synapses):
        with pytest.raises(
            ParameterError, match=r"nS >= 0.*in two parts \(gs\.FromSparse has \.positive and .*frame\["
        ):
            net.connect("E", net.populations["E"][:3], synapses, receptor="AMPA", weight="data")

    def test_equal_rules_have_equal_values(self):
        sparse = pytest.importorskip("scipy.sparse")
        synapses = gs.FromSparse(sparse.coo_array(self.dense))
        assert synapses == gs.FromSparse(sparse.coo_array(self.dense))
        assert synapses != gs.FromSparse(sparse.coo_array(2 * self.dense))
        with pytest.raises(UnknownNameError, match=r"unknown name 'weight'.*known here: data"):
            synapses.column("weight", "x")

    @pytest.mark.parametrize("dtype", ["int8", "uint8", "uint64", "float32"])
    def test_magnitudes_of_every_type(self, dtype):
        sparse = pytest.importorskip("scipy.sparse")
        least = 0 if dtype[0] == "u" else -128
        synapses = gs.FromSparse(sparse.coo_array((np.array([1, least], dtype), ([0, 1], [1, 2])), shape=(3, 3)))
        assert synapses.positive.data.tolist() == [1.0]
        assert synapses.negative.data.tolist() == ([128.0] if least else [])

    def test_entries_without_a_sign(self):
        sparse = pytest.importorskip("scipy.sparse")
        with pytest.raises(ParameterError, match=r"real numbers to have signs \(got nan\)"):
            _ = gs.FromSparse(sparse.coo_array(([np.nan], ([0], [1])), shape=(3, 3))).positive
