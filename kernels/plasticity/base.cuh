// The interface of rules of learning. A struct of this folder says by how much a spike changes a weight; both are in
// units of the largest weight. `pre` and `post` are the PRE and POST traces of both sides just before the spike.
// A rule that is ELIGIBLE changes not the weight but its eligibility, of which a modulator makes changes of the weight.
// Coefficients have names: gpusyn/equations/plasticity/ lists those of each rule.
//
//   at_post   at a postsynaptic spike
//   at_pre    at a presynaptic spike, or once for each of several at once
#pragma once

// x^mu, without a rounding for 0 and 1; 0 for x <= 0.
DEVICE real power(real x, real mu)
{
    if (mu == 0) return 1;
    if (mu == 1) return x;
    real y = portable_exp(mu * portable_log(x > 0 ? x : (real)1));
    return x > 0 ? y : (real)0;
}
