"""Tests of synapses that change."""
