"""The benchmark: ours and its peers side by side in one run, and the marks that we hold ourselves to.

`python -m bench` runs scenarios. A scenario (`bench.scenario`) measures ours and a peer by turns (`bench.rounds`) and
returns findings: series of values, and claims that the marks make of them. `bench.report` shows them as a table and as
JSON, `bench.plots` draws them. Whoever adds a scenario writes a module in `bench.scenarios` and adds it to its table;
whoever adds a peer writes a module in `bench.peers`.
"""
