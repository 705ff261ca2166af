"""A cluster on one machine, as ``docs/samples/patroni`` describes it on several: for trying, and for breaking."""
