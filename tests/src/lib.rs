//! System tests from the outside. What belongs here: tests that need more than one crate. `sim/` are
//! simulations with seeded faults.
