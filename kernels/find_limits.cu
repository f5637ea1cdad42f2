// The limits of Poisson events of elements whose rates change in time apart from each other, as
// gpusyn/numerics/poisson.py makes them, operation for operation.

// Makes the limits of an element, from the mean count of a piece: limit k is P(count > k), a sum of terms of which the
// smallest is added first. Until then, its two places hold the bits of its largest term.
DEVICE void make_limits(double mean, int levels, int64 level, uint32 *top, uint32 *low)
{
    double term = portable_exp(-mean);
    for (int k = 0; k < levels; k++) {
        term = term * mean / (double)(k + 1);
        uint64 bits = (uint64)bits_of(term);
        top[k * level] = (uint32)(bits >> 32);
        low[k * level] = (uint32)bits;
    }
    double more = 0;
    for (int k = levels - 1; k >= 0; k--) {
        more = double_of((int64)((uint64)top[k * level] << 32 | low[k * level])) + more;
        uint64 limit = k == levels - 1 ? 0 : (uint64)(more * 18446744073709551616.0);  // 2^64
        top[k * level] = (uint32)(limit >> 32);
        low[k * level] = (uint32)limit;
    }
}

// An element whose rate is that of the step before has its limits.
KERNEL(find_limits, const Clock *RESTRICT clock, const LimitSet *RESTRICT sets, int n_sets,
       const double *RESTRICT means, int n_means, uint32 *RESTRICT drive_limits)
{
    int64 local = step_of(clock).local;
    for (int t = 0; t < n_sets; t++) {
        const LimitSet &set = sets[t];
        const double *mean = means + local * n_means + set.mean;
        uint32 *top = drive_limits + set.limits, *low = top + set.levels * set.size;
        FOR_ITEMS(i, set.size)
            if (local == 0 || mean[i] != mean[i - n_means])
                make_limits(mean[i], (int)set.levels, set.size, top + i, low + i);
    }
}
