// Pairs and triplets of spikes.
#pragma once

// A spike changes the weight by the fast trace of the other side, and by it times its own side's slow trace.
struct TripletRule : TripletCoefficients {
    enum { PRE = 2, POST = 2, ELIGIBLE = 0 };
    DEVICE real at_post(real, const real *pre, const real *post, const real *c)
    {
        return pre[0] * (c[A2_plus] + c[A3_plus] * post[1]);
    }
    DEVICE real at_pre(real, const real *pre, const real *post, const real *c)
    {
        return -(post[0] * (c[A2_minus] + c[A3_minus] * pre[1]));
    }
};
