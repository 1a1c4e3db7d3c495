//! The contract from outside: the real program on a folder of its own, spoken to over HTTP. What does not
//! belong here: crashes and full disks (`../chaos/`), and anything that looks inside, except for what
//! compliance may open in a sandbox's folder. The cases that hold on the distributed engine too are the library's
//! (`../src/cases/`); what stands here is a sandbox's alone.

mod capture_evidence;
mod capture_races;
mod compliance;
mod connections;
mod console;
mod console_access;
mod console_attempts;
mod console_customers;
mod console_rechecks;
mod console_sessions;
mod doors;
mod edges;
mod erasures;
mod evidence_keys;
mod face_store;
mod faces;
mod first_steps;
mod half_done;
mod hostile;
mod lagging;
mod lifecycle;
mod nik_erasure;
mod observed;
mod older_formats;
mod older_read_model;
mod operations;
mod otlp;
mod pipeline_page;
mod programs;
mod reading;
mod rechecks;
mod records;
mod reviews;
mod secrecy;
mod server;
mod signals;
mod starting;
mod streams;
mod tls;
mod unread_bodies;
mod unreadable;
mod unsettled;
mod void_challenges;
mod voids;

/// What holds on both engines, on a sandbox.
mod contract {
    system_tests::contract_cases!(system_tests::sandbox::Sandbox);
}
