// One neuron's column of a table, so that neighbouring neurons load neighbouring values.
#pragma once

// Coefficients, by number or by name (the names come from the Python class of the struct that uses them).
struct Coef {
    const real *c;
    int64 rows;
    MEMBER real operator[](int k) const { return c[k * rows]; }
    MEMBER Coef from(int k) const { return {c + k * rows, rows}; }
};

// The states of a neuron model beside v, by name.
struct State {
    real *x;
    int64 n;
    MEMBER real &operator[](int k) const { return x[k * n]; }
};
