"""Values that users give: checks, limits, units, distributions and courses in time."""
