//! One's own account: who is signed in, for which org, what the role may, and until when.

use domain::staff::StaffRole;
use domain::time::Timestamp;
use maud::{Markup, html};

use crate::words::words;
use crate::{Language, PageFrame, format};

/// What the page shows.
#[derive(Debug, Clone)]
pub struct AccountModel {
    /// By which name one signs in.
    pub user: String,
    /// Whose customers one sees.
    pub org_name: String,
    /// What one may.
    pub role: StaffRole,
    /// When one signed in.
    pub signed_in_at: Timestamp,
    /// When one has to do so again at the latest.
    pub expires_at: Timestamp,
    /// After so many minutes without a page, too.
    pub idle_minutes: u64,
}

/// The page.
pub fn render(frame: &PageFrame, model: &AccountModel) -> String {
    let words = AccountWords::of(frame.language);
    let main: Markup = html! {
        h1 { (words.title) }
        dl class="facts" {
            dt { (words.user) }
            dd { (model.user) }
            dt { (words.org) }
            dd { (model.org_name) }
            dt { (words.role) }
            dd { (role_name(frame.language, model.role)) ": " (role_means(frame.language, model.role)) }
            dt { (words.signed_in_at) }
            dd { (format::time(frame.language, model.signed_in_at)) }
            dt { (words.expires_at) }
            dd { (format::time(frame.language, model.expires_at)) }
            dt { (words.idle) }
            dd { (format::count(frame.language, model.idle_minutes)) " " (words.minutes) }
        }
        p { (words.password) }
    };
    frame.document(words.title, &main)
}

/// What a role is called.
pub fn role_name(language: Language, role: StaffRole) -> &'static str {
    let words = AccountWords::of(language);
    match role {
        StaffRole::Analyst => words.analyst,
        StaffRole::Reviewer => words.reviewer,
        StaffRole::Compliance => words.compliance,
        StaffRole::Admin => words.admin,
    }
}

fn role_means(language: Language, role: StaffRole) -> &'static str {
    let words = AccountWords::of(language);
    match role {
        StaffRole::Analyst => words.analyst_may,
        StaffRole::Reviewer => words.reviewer_may,
        StaffRole::Compliance => words.compliance_may,
        StaffRole::Admin => words.admin_may,
    }
}

words! {
    /// Words of the page.
    AccountWords {
        title: "Your account", "Akun Anda";
        user: "User name", "Nama pengguna";
        org: "Organisation", "Organisasi";
        role: "Role", "Peran";
        signed_in_at: "Signed in", "Masuk pada";
        expires_at: "Signed out at the latest", "Keluar otomatis paling lambat";
        idle: "Signed out when unused for", "Keluar otomatis bila tidak dipakai selama";
        minutes: "minutes", "menit";
        password: "A forgotten password is set anew by the operator.",
            "Kata sandi yang terlupa diatur ulang oleh operator.";
        analyst: "Analyst", "Analis";
        reviewer: "Reviewer", "Peninjau";
        compliance: "Compliance", "Kepatuhan";
        admin: "Administrator", "Administrator" same;
        analyst_may: "sees customers and verifications", "melihat nasabah dan verifikasi";
        reviewer_may: "sees customers and verifications, and decides reviews",
            "melihat nasabah dan verifikasi, serta memutuskan tinjauan";
        compliance_may: "sees customers, verifications, and who looked at whom; decides nothing",
            "melihat nasabah, verifikasi, dan siapa yang melihat data siapa; tidak memutuskan apa pun";
        admin_may: "sees and decides everything", "melihat dan memutuskan semuanya";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(language: Language) -> String {
        let frame = PageFrame {
            language,
            reader: None,
            current: None,
            address: "/console/account".to_owned(),
            is_live: false,
        };
        let model = AccountModel {
            user: "ana".to_owned(),
            org_name: "<i>Bank</i>".to_owned(),
            role: StaffRole::Compliance,
            signed_in_at: Timestamp::from_millis(0),
            expires_at: Timestamp::from_millis(43_200_000),
            idle_minutes: 30,
        };
        render(&frame, &model)
    }

    #[test]
    fn the_page_says_who_one_is_in_both_languages() {
        let english = page(Language::English);
        assert!(english.contains("<h1>Your account</h1>") && english.contains("30 minutes"), "{english}");
        assert!(english.contains("1 Jan 1970, 19:00:00 WIB"), "{english}");
        let indonesian = page(Language::Indonesian);
        assert!(indonesian.contains("Kepatuhan: melihat nasabah"), "{indonesian}");
        assert!(!english.contains("<i>") && !indonesian.contains("<i>"));
    }
}
