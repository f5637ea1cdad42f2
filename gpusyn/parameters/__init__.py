"""Values that users give: their checks, limits and units, distributions, and values that change with time."""
