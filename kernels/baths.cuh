// What drugs, magnesium and glycine in the bath do to a receptor.
#pragma once

// The changes of one receptor in this step by drugs, [Mg] and glycine: the factor of its gate, its magnesium, and the
// coefficients of its kinetics (none: those of the model).
struct Exposure {
    real scale, Mg;
    const real *kinetics;
};

// The exposure to a bath; `wave` and `kinetics` are this step's rows of the tables.
DEVICE Exposure exposure_of(const Bath &bath, const real *wave, const real *kinetics)
{
    return {bath.scale < 0 ? (real)1 : wave[bath.scale], bath.magnesium < 0 ? (real)1 : wave[bath.magnesium],
            bath.kinetics < 0 ? 0 : kinetics + bath.kinetics};
}
