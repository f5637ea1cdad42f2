"""A model of the time that steps take on GPUs that are not there; `docs/gpu_model.md` has its equations and limits."""
