"""Cleaning on a Dask cluster.

engine    in the process of the run: sends batches, takes their tables in order
worker    in a worker of the cluster: hands each batch to a process of its own
cleaner   that process: the word lists, models and time limits are those of a run on one machine
parcels   what travels between them
"""
