//! Whom a record is about, by its key (contract §5).

use domain::ids::{CustomerId, CustomerRef, OrgId};

/// The customer that a record's key names; none of `org/` and of what is no key of ours.
pub fn customer_of_key(key: &[u8]) -> Option<CustomerRef> {
    let (org, customer) = std::str::from_utf8(key).ok()?.split_once('/')?;
    Some(CustomerRef::new(OrgId::parse(org).ok()?, CustomerId::parse(customer).ok()?))
}

/// Whether a record's key is of that org.
pub(crate) fn is_of_org(key: &[u8], org: &OrgId) -> bool {
    key.strip_prefix(org.as_str().as_bytes()).is_some_and(|rest| rest.starts_with(b"/"))
}
