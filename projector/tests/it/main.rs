//! The projector on the real embedded engine: rebuilds and handovers while events keep coming, quarantines, and
//! the program itself on the same folder.

mod cli;
mod face_models;
mod face_vectors;
mod faces;
mod handover;
mod keys_away;
mod quarantine;
mod rebuild;
mod remembered;
mod world;
