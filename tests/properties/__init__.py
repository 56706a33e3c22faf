"""What holds in every world, in one named statement each, on generated worlds."""
