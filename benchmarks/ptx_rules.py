"""Instructions that the PTX of a kernel must not contain: those that give other bits than numpy, and slow ones.

IEEE addition, multiplication, division and square root, rounded to nearest, give the same bits on every machine. A
fused multiply-add rounds once instead of twice. The results of ``.approx`` and ``div.full`` depend on the GPU. ptxas
may later fuse an addition or multiplication without ``.rn``. Float atomics add in the order of arrival. libdevice
functions exist only in NVIDIA's libraries.

A GPU has no division of 64-bit integers (ptxas makes about 100 instructions of one), and most have few units for double
precision, 1 for 32 or 64 of single precision. The kernels of a step therefore contain neither, except as listed.
"""

from __future__ import annotations

import re
from collections import Counter

#: Slow instructions that a kernel of a step may contain, and how many.
SLOW = {
    # The number of a sample, for each recorded neuron: NVRTC divides 32 bits where both numbers fit, for 2^32 steps.
    ("advance_neurons", "div.s64"): 2,
    # Whether a step is one of homeostatic scaling: for each scaled projection, and for a segment of one that is also
    # taught by a modulator; 32 bits too.
    ("learn_weights", "rem.s64"): 2,
    ("scale_weights", "rem.s64"): 3,
}
#: Kernels that may contain any number. Procedural rows draw values in double precision, as kernels that build rows do,
#: for equal bits, and so are the sizes of quanta and the numbers of noise currents; numbers of units are divided once
#: for each part of a row, not for each synapse, and the age of noise once for each injection and block. Renewal
#: processes draw intervals, and count down what is left of them, so that spikes are those of any precision. Limits of
#: Poisson events have 64 bits, as the host makes them, and are made only where a rate has changed.
DRAWING = {"deliver_procedural", "deliver_releases", "gather_currents", "advance_renewals", "find_limits"}
_ENTRY = re.compile(r"^\s*(?:\.visible\s+)?\.entry\s+(\w+)")
_FLOAT = re.compile(r"(?:b?f16|tf32|f32|f64|e\dm\d)(?:x\d)?")
_OPCODE = re.compile(r"^\s*(?:@!?%\w+\s+)?\{?\s*([a-z]\w*)((?:\.[\w:]+)*)")


def _broken_rule(operation: str, modifiers: list[str]) -> str | None:
    is_float = any(_FLOAT.fullmatch(m) for m in modifiers)
    if "approx" in modifiers:
        return "an approximation whose error depends on the GPU"
    if not is_float:
        return "compare-and-swap may implement a float atomic" if "cas" in modifiers else None
    if operation in ("fma", "mad"):
        return "fused multiply-add"
    if operation in ("atom", "red"):
        return "float atomic: the sum depends on the order of arrival"
    if operation in ("wmma", "mma", "wgmma"):
        return "tensor core: it rounds in its own way"
    if operation in ("div", "sqrt", "rcp") and "rn" not in modifiers:
        return "not rounded to nearest"
    if operation in ("add", "sub", "mul") and "rn" not in modifiers:
        return "without .rn, ptxas may fuse it"
    return None


def violations(ptx: str) -> list[str]:
    """Return every instruction of ``ptx`` that can give other bits than numpy.

    Parameters
    ----------
    ptx : str
        Text from NVRTC for a ``compute_XX`` target.

    Returns
    -------
    list of str
        One entry per instruction, ``line N: text (why)``; empty if there is none.
    """
    found = []
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m[0].count("\n"), ptx, flags=re.DOTALL)
    for number, line in enumerate(text.splitlines(), start=1):
        code = line.split("//", 1)[0]
        why = None
        if re.search(r"\b__nv_(?!static_)\w+", code):
            why = "libdevice function"
        elif match := _OPCODE.match(code):
            why = _broken_rule(match[1], match[2].split(".")[1:])
        if why:
            found.append(f"line {number}: {code.strip()} ({why})")
    return found


def slow_instructions(ptx: str, double: bool) -> list[str]:
    """Return every slow instruction of the kernels of a step, beyond those that SLOW and DRAWING allow.

    Parameters
    ----------
    ptx : str
        Text from NVRTC for a ``compute_XX`` target.
    double : bool
        True if states or noise have double precision, so that its instructions are meant.

    Returns
    -------
    list of str
        One entry per instruction, ``kernel: instruction (number)``; empty if there is none.
    """
    found: Counter[tuple[str, str]] = Counter()
    kernel = ""
    for line in ptx.splitlines():
        if entry := _ENTRY.match(line):
            kernel = entry[1]
        elif match := _OPCODE.match(line.split("//", 1)[0]):
            modifiers = match[2].split(".")[1:]
            divides = match[1] in ("div", "rem") and modifiers[-1:] in (["s64"], ["u64"])
            if kernel not in DRAWING and (divides or ("f64" in modifiers and not double)):
                found[kernel, match[1] + match[2]] += 1
    return [f"{key[0]}: {key[1]} ({n})" for key, n in found.items() if n > SLOW.get(key, 0)]
