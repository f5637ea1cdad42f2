"""One program per simulator: each runs one task, in the environment of its simulator, and prints one line of JSON.

The task says network, numbers, threads, times and seed, and whether to prepare (what is done once and kept: generating
and compiling) or to run. A run reports the time until the first step is done, the wall and processor time of the timed
part, the mean rate of each population in it, and the largest resident memory of the process.
"""
