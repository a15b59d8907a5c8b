//! Rules and vetoes, choice sets, assignment. Takes streams of requests; does not know the simulator.
