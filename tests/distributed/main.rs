//! The contract from outside on the distributed engine: the library's cases, as they stand, on a real Kafka,
//! a real Cassandra and two instances of each program; and what only two instances can show. What does not
//! belong here: killed programs, servers that are down, damaged logs (`../outages/`).

mod harness;
mod instances;

/// Every case writes at the first instance and reads at the second,
mod writing_at_first {
    system_tests::contract_cases!(crate::harness::SharedOrg<0>);
}

/// and then the other way round.
mod writing_at_second {
    system_tests::contract_cases!(crate::harness::SharedOrg<1>);
}
