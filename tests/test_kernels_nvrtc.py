"""Every module in common use compiles for every promised GPU, within bounds, to the same arithmetic."""

import pytest

from benchmarks import kernel_report, nvrtc
from benchmarks.ptx_rules import violations
from gpusyn.kernel_modules import Module, modules_in_common_use
from gpusyn.kernel_spec import KERNELS

pytestmark = pytest.mark.skipif(
    nvrtc.library_path() is None,
    reason="libnvrtc is not installed (only Linux has its wheel in the extra `test`)",
)

# A block of 512 threads fits the 65,536 registers that every promised GPU has.
MOST_REGISTERS = 128
MOST_SHARED = 48 * 1024
RENEW = "; if that is meant: python -m benchmarks.kernel_report --write"

modules = pytest.mark.parametrize("module", modules_in_common_use(), ids=lambda m: m.name)


def committed() -> dict[tuple[str, str], kernel_report.Row]:
    document = kernel_report.DOCUMENT.read_text(encoding="utf-8")
    return {(row.module, row.kernel): row for row in kernel_report.read_table(document)}


def check(module: Module, compiled: dict[int, nvrtc.Compiled], bounds: dict) -> list[str]:
    """All complaints about one module."""
    wrong = [f"sm_{arch}: {w}" for arch, c in compiled.items() for w in c.warnings]
    rows = kernel_report.rows_of(module, compiled.values())
    if missing := set(module.kernels) - {row.kernel for row in rows}:
        wrong.append(f"declared but not in the text: {missing}")
    for row in rows:
        bound = bounds.get((row.module, row.kernel))
        if row.spilled:
            wrong.append(f"{row.kernel}: {row.spilled} bytes spilled")
        if max(row.registers) > MOST_REGISTERS or row.shared > MOST_SHARED:
            wrong.append(f"{row.kernel}: {max(row.registers)} registers, {row.shared} bytes shared")
        if bound is None:
            wrong.append(f"{row.kernel}: not in docs/kernels.md{RENEW}")
        elif any(
            now > max(1.25 * was, was + 8) for now, was in zip(row.registers, bound.registers, strict=True)
        ):
            wrong.append(f"{row.kernel}: registers {row.registers}, committed {bound.registers}{RENEW}")
        elif row.shared > bound.shared:
            wrong.append(f"{row.kernel}: {row.shared} bytes shared, committed {bound.shared}{RENEW}")
    return wrong


@modules
def test_module_compiles_within_bounds(module):
    assert check(module, dict(kernel_report.compile_module(module)), committed()) == []


@modules
@pytest.mark.parametrize("arch", [75, 90, 120])
def test_arithmetic_has_one_answer(module, arch):
    assert violations(nvrtc.compile_text(module.text, f"compute_{arch}").ptx) == []


def test_committed_table_holds_exactly_the_modules_in_common_use():
    expected = {(m.name, k) for m in modules_in_common_use() for k in m.kernels}
    assert set(committed()) == expected
    assert {kernel for _, kernel in expected} == set(KERNELS)
    names = [m.name for m in modules_in_common_use()]
    assert len(set(names)) == len(names)


@modules
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


def complaints(text: str, *kernels: str, registers: int = 8) -> list[str]:
    module = Module("sample", text, kernels)
    row = kernel_report.Row("sample", kernels[0], (registers,) * len(nvrtc.ARCHITECTURES), 0, 0)
    return check(module, dict(kernel_report.compile_module(module)), {("sample", kernels[0]): row})


def test_good_sample_passes():
    assert complaints(SAMPLE.format(name="k", body="y[threadIdx.x] = 1;"), "k", registers=16) == []


@pytest.mark.parametrize(
    ("text", "kernels", "complaint"),
    [
        (SAMPLE.format(name="k", body="int unused; y[0] = 1;"), ("k",), "warning"),
        (SAMPLE.format(name="k", body="y[0] = 1;"), ("k", "l"), "declared but not in the text: {'l'}"),
        (SAMPLE.format(name="k", body="y[0] = 1;"), ("renamed",), "k: not in docs/kernels.md"),
        (SHARING, ("share",), "256 bytes shared"),
        (SPILLING, ("spill",), "bytes spilled"),
        (SPILLING, ("spill",), "registers ("),
    ],
)
def test_bad_sample_is_found(text, kernels, complaint):
    assert any(complaint in line for line in complaints(text, *kernels))


def test_text_that_does_not_compile_shows_the_log():
    with pytest.raises(nvrtc.NvrtcError, match=r"sm_75[\s\S]*identifier \"undeclared\" is undefined"):
        complaints(SAMPLE.format(name="k", body="y[0] = undeclared;"), "k")


def test_table_reads_back_as_written():
    rows = [kernel_report.Row("LIF(a*) float32/int32", "advance", tuple(range(7)), 12, 0)]
    assert kernel_report.read_table("# Title\n\n" + kernel_report.format_table(rows)) == rows
