"""Every module in common use compiles for every promised GPU, within bounds, to the same arithmetic."""

import json

import pytest

from benchmarks import kernel_report, nvrtc
from benchmarks.common_modules import SYNAPSE_KERNELS, modules_in_common_use
from benchmarks.ptx_rules import slow_instructions, violations
from gpusyn.errors import UnknownNameError
from gpusyn.kernels.modules import Module
from gpusyn.kernels.occupancy import most_registers
from gpusyn.kernels.resources import TABLE, Resources, all_resources, architectures, registers_of, resources_of, table
from gpusyn.kernels.spec import BUILD_KERNELS, KERNELS

pytestmark = pytest.mark.skipif(
    nvrtc.library_path() is None,
    reason="libnvrtc is not installed (only Linux has its wheel in the extra `test`)",
)

# Blocks of 128 threads for which a multiprocessor of every promised GPU must have registers at once. Two is what any
# kernel gets. Where three leave too few registers, a bound (`__launch_bounds__`) only makes the compiler spill.
RESIDENT_SINGLE, RESIDENT_DOUBLE = 3, 2
MOST_SHARED = 48 * 1024
RENEW = "; if that is meant: python -m benchmarks.kernel_report --write"
MODULES = modules_in_common_use()


def in_double(module: str) -> bool:
    """Whether a module is meant to work in double precision; calcium's noise is, for the same bits as on the host."""
    return "float64" in module or "CalciumRule" in module


def beyond(row: Resources, bound: Resources | None, archs: tuple[int, ...]) -> list[str]:
    """Where a kernel takes more than it may."""
    if bound is None:
        return [f"{row.kernel}: not in resources.json{RENEW}"]
    wrong = [f"{row.kernel}: {row.spilled} bytes spilled"] if row.spilled else []
    most = most_registers(RESIDENT_DOUBLE if in_double(row.module) else RESIDENT_SINGLE)
    was = [bound.registers[nvrtc.ARCHITECTURES.index(arch)] for arch in archs]
    if any(now > min(most, max(1.25 * then, then + 8)) for now, then in zip(row.registers, was, strict=True)):
        wrong.append(f"{row.kernel}: registers {row.registers}, committed {was}, most {most}{RENEW}")
    if row.shared > min(MOST_SHARED, bound.shared):
        wrong.append(f"{row.kernel}: {row.shared} bytes shared, committed {bound.shared}{RENEW}")
    if row.local > bound.local:
        wrong.append(f"{row.kernel}: {row.local} bytes local, committed {bound.local}{RENEW}")
    return wrong


def check(module: Module, archs: tuple[int, ...], bounds: dict) -> list[str]:
    """All complaints about one module."""
    compiled = dict(kernel_report.compile_module(module, archs))
    wrong = [f"sm_{arch}: {w}" for arch, c in compiled.items() for w in (*c.warnings, *violations(c.ptx))]
    if not set(module.kernels) & set(BUILD_KERNELS):
        slow = {arch: slow_instructions(c.ptx, in_double(module.name)) for arch, c in compiled.items()}
        wrong += [f"sm_{arch}: {w}" for arch, found in slow.items() for w in found]
    rows = kernel_report.rows_of(module, compiled.values())
    if missing := set(module.kernels) - {row.kernel for row in rows}:
        wrong.append(f"declared but not in the text: {missing}")
    return wrong + [w for row in rows for w in beyond(row, bounds.get((row.module, row.kernel)), archs)]


SOME = [m for m in MODULES if m.name in ("common float32/int32", "advance_first_order float32/int32")]


@pytest.mark.parametrize(("module", "arch"), [(SOME[0], nvrtc.ARCHITECTURES[0]), (SOME[1], nvrtc.ARCHITECTURES[-1])])
def test_a_module_compiles_for_the_oldest_and_another_for_the_newest(module, arch):
    assert check(module, (arch,), all_resources()) == []


@pytest.mark.architectures
@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.name)
def test_module_compiles_for_every_gpu(module):
    assert check(module, nvrtc.ARCHITECTURES, all_resources()) == []


def test_committed_table_holds_exactly_the_modules_in_common_use():
    expected = {(m.name, k) for m in MODULES for k in m.kernels}
    assert set(all_resources()) == expected
    assert architectures() == nvrtc.ARCHITECTURES
    assert {kernel for _, kernel in expected} == {*KERNELS, *BUILD_KERNELS}
    assert len({m.name for m in MODULES}) == len(MODULES)


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.name)
def test_text_includes_no_header(module):
    assert "#include" not in module.text


SAMPLE = 'extern "C" __global__ void {name}(float *y) {{ {body} }}'
SHARING = """extern "C" __global__ void share(float *y) {
    __shared__ float s[64];
    s[threadIdx.x] = y[threadIdx.x];
    __syncthreads();
    y[threadIdx.x] = s[63 - threadIdx.x];
}"""
SPILLING = """extern "C" __global__ void __launch_bounds__(1024, 1) spill(const float *x, float *y) {
    float v[96];
    #pragma unroll
    for (int i = 0; i < 96; i++) v[i] = x[i * 1024 + threadIdx.x];
    __syncthreads();
    #pragma unroll
    for (int i = 0; i < 96; i++) y[i * 1024 + threadIdx.x] = v[i] * v[(i * 37 + 11) % 96];
}"""
INDEXING = """extern "C" __global__ void index(const int *x, float *y) {
    float v[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    for (int i = 0; i < 8; i++) v[x[i]] += y[i];
    y[0] = v[x[8]];
}"""


def complaints(text: str, *kernels: str, registers: int = 8) -> list[str]:
    row = Resources("sample", kernels[0], (registers,) * len(nvrtc.ARCHITECTURES), 0, 0, 0)
    return check(Module("sample", text, kernels), nvrtc.ARCHITECTURES, {("sample", kernels[0]): row})


def test_good_sample_passes():
    assert complaints(SAMPLE.format(name="k", body="y[threadIdx.x] = 1;"), "k", registers=16) == []


@pytest.mark.parametrize(
    ("text", "kernels", "complaint"),
    [
        (SAMPLE.format(name="k", body="int unused; y[0] = 1;"), ("k",), "warning"),
        (SAMPLE.format(name="k", body="y[0] = fmaf(y[1], y[2], y[3]);"), ("k",), "fused multiply-add"),
        (SAMPLE.format(name="k", body="y[0] = 1;"), ("k", "l"), "declared but not in the text: {'l'}"),
        (SAMPLE.format(name="k", body="y[0] = 1;"), ("renamed",), "k: not in resources.json"),
        (SAMPLE.format(name="k", body="y[0] = (long long)y[1] / (long long)y[2];"), ("k",), "k: div.s64 (1)"),
        (SAMPLE.format(name="k", body="y[0] = (double)y[1] * 0.1;"), ("k",), "k: mul.rn.f64 (1)"),
        (SHARING, ("share",), "256 bytes shared"),
        (INDEXING, ("index",), "32 bytes local"),
        (SPILLING, ("spill",), "bytes spilled"),
        (SPILLING, ("spill",), "spill: registers ("),
    ],
)
def test_bad_sample_is_found(text, kernels, complaint):
    assert any(complaint in line for line in complaints(text, *kernels))


@pytest.mark.parametrize(("blocks", "registers"), [(1, 255), (2, 255), (3, 168), (4, 128), (8, 64), (16, 32)])
def test_registers_that_resident_blocks_may_take(blocks, registers):
    assert most_registers(blocks) == registers


def test_text_that_does_not_compile_shows_the_log():
    with pytest.raises(nvrtc.NvrtcError, match=r"sm_75[\s\S]*identifier \"undeclared\" is undefined"):
        complaints(SAMPLE.format(name="k", body="y[0] = undeclared;"), "k")


def test_table_reads_back_as_written():
    rows = list(all_resources().values())
    text = kernel_report.stored_text(kernel_report.table_of(rows, "13.5")) + "\n"
    assert text == TABLE.read_text(encoding="utf-8")
    assert json.loads(text) == table()


def test_the_page_shows_the_committed_table():
    assert kernel_report.DOCUMENT.read_text(encoding="utf-8") == kernel_report.document()


def test_a_module_that_is_not_in_the_table_takes_the_most_of_its_kernel(monkeypatch):
    every = [row for row in all_resources().values() if row.kernel == "advance_neurons"]
    plain = [row for row in every if "dendrites" not in row.module]
    like = [row for row in plain if row.module.startswith("AdEx(") and row.module.endswith(" float64/int64")]
    for module, rows in (("Mine() float32/int32", every), ("AdEx(Rising) float64/int64", like)):
        assumed = resources_of(module, "advance_neurons")
        assert assumed.registers == tuple(max(row.registers[k] for row in rows) for k in range(len(architectures())))
        assert assumed.shared == max(row.shared for row in rows)
    assert registers_of("rows", "draw_pairs", 75) == resources_of("rows", "draw_pairs").registers[0]
    monkeypatch.setitem(KERNELS, "advance_mine", KERNELS["advance_markov"]._replace(name="advance_mine"))
    streaming = [row for row in all_resources().values() if row.kernel in SYNAPSE_KERNELS]
    assert resources_of("advance_mine float32/int32", "advance_mine").registers[0] == max(
        row.registers[0] for row in streaming
    )
    with pytest.raises(UnknownNameError, match="kernel_report --write"):
        resources_of("rows", "no_such_kernel")
