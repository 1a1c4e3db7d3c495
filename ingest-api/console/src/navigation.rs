//! What stands in the console's navigation: one line for each page that has an entry. Who sees an entry is the role's
//! matter (`domain::staff`).

use domain::staff::{ConsolePage, StaffRole};

use crate::Language;
use crate::words::words;

/// The console's first address. All of its paths are beneath it.
pub const HOME: &str = "/console/";

/// An entry.
#[derive(Debug)]
pub struct NavigationEntry {
    /// Which page, and so who sees it.
    pub page: ConsolePage,
    /// Where it is.
    pub path: &'static str,
    label: fn(&NavigationWords) -> &'static str,
}

impl NavigationEntry {
    /// What it is called.
    pub fn label(&self, language: Language) -> &'static str {
        (self.label)(NavigationWords::of(language))
    }
}

/// All entries, in the order in which they are shown.
pub const ENTRIES: &[NavigationEntry] = &[
    NavigationEntry {
        page: ConsolePage::Customers,
        path: "/console/customers",
        label: |words| words.customers,
    },
    NavigationEntry { page: ConsolePage::Attempts, path: "/console/attempts", label: |words| words.attempts },
    NavigationEntry { page: ConsolePage::Reviews, path: "/console/reviews", label: |words| words.reviews },
    NavigationEntry { page: ConsolePage::Rechecks, path: "/console/rechecks", label: |words| words.rechecks },
    NavigationEntry { page: ConsolePage::Access, path: "/console/access", label: |words| words.access },
];

/// The entries that a role sees.
pub fn entries(role: StaffRole) -> impl Iterator<Item = &'static NavigationEntry> {
    ENTRIES.iter().filter(move |entry| role.may(entry.page))
}

words! {
    /// What the entries are called.
    NavigationWords {
        customers: "Customers", "Nasabah";
        attempts: "Attempts", "Percobaan";
        reviews: "Reviews", "Tinjauan";
        rechecks: "Rechecks", "Verifikasi ulang";
        access: "Access", "Akses data";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_beneath_the_console_and_there_once() {
        for (at, entry) in ENTRIES.iter().enumerate() {
            assert!(entry.path.starts_with(HOME) && entry.path.len() > HOME.len(), "{}", entry.path);
            let again =
                ENTRIES[..at].iter().any(|other| other.path == entry.path || other.page == entry.page);
            assert!(!again, "{}", entry.path);
        }
    }

    #[test]
    fn a_role_is_shown_what_it_may_see() {
        for role in StaffRole::ALL {
            let shown: Vec<_> = entries(role).map(|entry| entry.page).collect();
            assert_eq!(shown.contains(&ConsolePage::Access), role.may(ConsolePage::Access), "{role:?}");
            assert!(shown.contains(&ConsolePage::Customers), "{role:?}");
        }
    }
}
