//! From what a write's repetitions go by to the ids of what it makes.

use std::borrow::Cow;

use domain::ids::CustomerId;
use vault::{OrgIds, random_id};

/// What the ids of a write follow from.
#[derive(Debug, Clone)]
pub enum WriteName<'a> {
    /// Nothing: the write is another one each time it is sent.
    Random,
    /// A key that its caller chose (an `Idempotency-Key`, say): the same ids for ever and on every instance.
    Keyed {
        /// The secret of the org's ids.
        ids: &'a OrgIds,
        /// The endpoint's route template.
        route: &'static str,
        /// Whom the key is about, where one key is several names for several customers.
        customer: Option<&'a CustomerId>,
        /// The key.
        key: Cow<'a, str>,
    },
}

impl WriteName<'_> {
    /// The bytes of the id with that prefix.
    pub fn id_bytes(&self, prefix: &str) -> [u8; 16] {
        match self {
            Self::Random => random_id(),
            Self::Keyed { ids, route, customer, key } => ids.named(prefix, route, *customer, key),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::OrgId;

    #[test]
    fn ids_follow_from_a_key_and_its_route_and_from_nothing_else_are_random() {
        let ids = OrgIds::from_secret(OrgId::from_bytes([1; 16]), &[1; 32]);
        let keyed =
            |route, key| WriteName::Keyed { ids: &ids, route, customer: None, key: Cow::Borrowed(key) };
        assert_eq!(keyed("/a", "k").id_bytes("ver"), keyed("/a", "k").id_bytes("ver"));
        assert_ne!(keyed("/a", "k").id_bytes("ver"), keyed("/b", "k").id_bytes("ver"));
        assert_ne!(keyed("/a", "k").id_bytes("ver"), keyed("/a", "l").id_bytes("ver"));
        assert_ne!(keyed("/a", "k").id_bytes("ver"), keyed("/a", "k").id_bytes("fe"));
        assert_ne!(WriteName::Random.id_bytes("ver"), WriteName::Random.id_bytes("ver"));
    }
}
