//! Whose a record is, by its key (contract §5).

use domain::ids::OrgId;

/// Whether a record's key is of that org.
pub(crate) fn is_of_org(key: &[u8], org: &OrgId) -> bool {
    key.strip_prefix(org.as_str().as_bytes()).is_some_and(|rest| rest.starts_with(b"/"))
}
