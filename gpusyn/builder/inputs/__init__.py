"""Input from outside: currents, drugs in the bath, Poisson events, lists of spikes."""
