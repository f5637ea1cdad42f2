"""What several test files share: networks, runs, tolerances, wrong input; scripts for other simulators."""
