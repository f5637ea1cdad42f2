"""The reader of PTX is proved able to fail: on planted lines, and on planted CUDA when NVRTC is there."""

import pytest

from benchmarks import nvrtc
from benchmarks.ptx_rules import violations

CLEAN = """
// Compiler Build ID: CL-1, fma.rn.f32 in a comment
.version 9.5
.visible .entry k(.param .u64 k_param_0)
{
    .reg .f32 %f<3>; /* div.full.f32
    fma.rn.f32 over two lines */
    mad.lo.s32      %r1, %r4, %r3, %r5;
    @%p1 bra        $L__BB0_2;
    mul.rn.ftz.f32  %f3, %f2, %f1;
    add.rn.f64      %fd3, %fd2, %fd1;
    add.s64         %rd3, %rd2, %rd1;
    div.rn.ftz.f32  %f5, %f4, %f2;
    sqrt.rn.f64     %fd4, %fd3;
    cvt.rzi.ftz.s32.f32 %r8, %f24;
    min.ftz.f32     %f17, %f16, %f15;
    atom.global.add.u64 %rd23, [%rd7], 3;
    red.shared.add.u32 [%r1], 1;
    ret;
}
"""

PLANTED_PTX = {
    "fused": "fma.rn.f32 %f1, %f2, %f3, %f4;",
    "fused, flushing, double": "fma.rn.f64 %fd1, %fd2, %fd3, %fd4;",
    "fused pair": "fma.rn.ftz.f32x2 %rd1, %rd2, %rd3, %rd4;",
    "mad": "mad.rn.f32 %f1, %f2, %f3, %f4;",
    "under a predicate": "@%p3 fma.rn.ftz.f32 %f1, %f2, %f3, %f4;",
    "under a negated predicate": "@!%p3 fma.rn.ftz.f32 %f1, %f2, %f3, %f4;",
    "in a scope": "{ fma.rn.f32 %f1, %f2, %f3, %f4; }",
    "exponential": "ex2.approx.ftz.f32 %f1, %f2;",
    "approximate division": "div.approx.ftz.f32 %f1, %f2, %f3;",
    "full-range division": "div.full.ftz.f32 %f1, %f2, %f3;",
    "approximate root": "sqrt.approx.f32 %f1, %f2;",
    "root toward zero": "sqrt.rz.f32 %f1, %f2;",
    "reciprocal root": "rsqrt.approx.f64 %fd1, %fd2;",
    "product that may be fused": "mul.f32 %f1, %f2, %f3;",
    "sum that may be fused": "add.ftz.f32 %f1, %f2, %f3;",
    "float atomic": "atom.global.add.f32 %f1, [%rd1], %f2;",
    "float reduction": "red.global.add.f64 [%rd1], %fd2;",
    "scoped float reduction": "red.relaxed.gpu.global.add.f32 [%rd1], %f2;",
    "compare and swap": "atom.global.cas.b32 %r1, [%rd1], %r2, %r3;",
    "libdevice": "call.uni (retval0), __nv_expf, (param0);",
    "libdevice on a line of its own": "__nv_expf,",
    "tensor core": "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%f1}, {%r1}, {%r2}, {%f2};",
}

PLANTED_CUDA = {
    "contraction left on": "y[i] = x[i] * x[i] + 1.0f;",
    "explicit fma": "y[i] = fmaf(x[i], x[i], 1.0f);",
    "double fma": "y[i] = (float)fma((double)x[i], (double)x[i], 1.0);",
    "CUDA's exp": "y[i] = expf(x[i]);",
    "CUDA's double log": "y[i] = (float)log((double)x[i]);",
    "fast division": "y[i] = __fdividef(x[i], 3.0f);",
    "fast exponential": "y[i] = __expf(x[i]);",
    "float atomic, value unused": "atomicAdd(y, x[i]);",
    "float atomic, value used": "y[i] = atomicAdd(y, x[i]);",
    "float atomic by hand": "atomicCAS((unsigned *)y, 0u, __float_as_uint(x[i]));",
}

needs_nvrtc = pytest.mark.skipif(
    nvrtc.library_path() is None,
    reason="libnvrtc is not installed (only Linux has its wheel in the extra `test`)",
)


def compile_body(body: str, arch: int, *, fmad: bool = False) -> str:
    text = f'extern "C" __global__ void k(const float *x, float *y) {{ int i = threadIdx.x; {body} }}'
    options = tuple(o for o in nvrtc.CUPY_OPTIONS if not (fmad and "fmad" in o))
    return nvrtc.compile_text(text, arch, options).ptx


def test_clean_text_passes():
    assert violations(CLEAN) == []


@pytest.mark.parametrize("name", PLANTED_PTX)
def test_planted_instruction_is_found(name):
    ptx = CLEAN.replace("    ret;", f"    {PLANTED_PTX[name]}\n    ret;")
    (found,) = violations(ptx)
    line = ptx.splitlines().index(f"    {PLANTED_PTX[name]}") + 1
    assert found.startswith(f"line {line}: {PLANTED_PTX[name]}")


@needs_nvrtc
@pytest.mark.parametrize("arch", [75, 90, 120])
@pytest.mark.parametrize("name", PLANTED_CUDA)
def test_planted_cuda_is_found(name, arch):
    assert violations(compile_body(PLANTED_CUDA[name], arch, fmad="contraction" in name))


@needs_nvrtc
@pytest.mark.parametrize("arch", nvrtc.ARCHITECTURES)
def test_plain_arithmetic_is_clean_with_the_options_in_use(arch):
    body = "y[i] = x[i] * x[i] + y[i] / x[i] - sqrtf(x[i]); y[i + 32] = (float)((double)x[i] * x[i] + 1.0);"
    assert violations(compile_body(body, arch)) == []
