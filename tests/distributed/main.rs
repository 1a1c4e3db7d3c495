//! The contract from outside on the distributed engine: the library's cases, as they stand, on a real Kafka,
//! a real Cassandra and two instances of each program; and what only two instances can show. What does not
//! belong here: killed programs, servers that are down, damaged logs (`../outages/`).

mod harness;
mod instances;

mod contract {
    system_tests::contract_cases!(crate::harness::SharedOrg);
}
