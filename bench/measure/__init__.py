"""What bench/run measures, one module a group of measurements, and how results.md and the plots are made of it."""
