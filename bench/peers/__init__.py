"""The systems that are measured: ours, the raw engine, the peers. `bench.peers.peer` says what each is asked."""
