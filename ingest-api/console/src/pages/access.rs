//! Who was shown personal data of whom, and when. No personal field of a customer is shown here.

use domain::event::ActKind;
use domain::ports::{AccessCustomers, AccessLook, AccessRow};
use domain::sealed::Field;
use maud::{Markup, html};

use super::account::role_name;
use super::customers::customer_path;
use crate::tables::table_head;
use crate::words::words;
use crate::{Language, PageFrame, format};

/// Where the page is.
pub const PATH: &str = "/console/access";

/// A filter as it was typed, and whether it can be one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccessFilter {
    /// As typed.
    pub text: String,
    /// It is none: nothing is listed.
    pub is_wrong: bool,
}

/// What the list is limited to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccessFilters {
    /// A customer's id.
    pub customer: AccessFilter,
    /// A user name, or a key's public name.
    pub staff: AccessFilter,
    /// The first day, in Jakarta.
    pub from: AccessFilter,
    /// The last day, in Jakarta.
    pub to: AccessFilter,
}

impl AccessFilters {
    fn all(&self) -> [&AccessFilter; 4] {
        [&self.customer, &self.staff, &self.from, &self.to]
    }

    /// Whether one of them can be none.
    pub fn is_wrong(&self) -> bool {
        self.all().iter().any(|filter| filter.is_wrong)
    }

    fn is_set(&self) -> bool {
        self.all().iter().any(|filter| !filter.text.is_empty())
    }
}

/// What the page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessModel {
    /// What the list is limited to.
    pub filters: AccessFilters,
    /// Newest first.
    pub rows: Vec<AccessRow>,
    /// The address of what is older, if there is anything.
    pub older: Option<String>,
    /// The address of the first page, on another one.
    pub newest: Option<String>,
}

/// The page.
pub fn render(frame: &PageFrame, model: &AccessModel) -> String {
    let words = AccessWords::of(frame.language);
    let main = html! {
        h1 { (words.title) }
        p class="hint" { (words.introduction) }
        (filter_form(words, &model.filters))
        @if model.filters.is_wrong() {
            p class="notice" role="alert" { (words.wrong) }
        } @else if model.rows.is_empty() {
            p class="empty" { @if model.filters.is_set() { (words.none_match) } @else { (words.none) } }
        } @else {
            (table(frame.language, words, &model.rows))
        }
        @if model.newest.is_some() || model.older.is_some() {
            nav class="pages" aria-label=(words.pages) {
                @if let Some(newest) = &model.newest { a href=(newest) { (words.newest) } }
                " "
                @if let Some(older) = &model.older { a rel="next" href=(older) { (words.older) } }
            }
        }
    };
    frame.document(words.title, &main)
}

fn filter_form(words: &AccessWords, filters: &AccessFilters) -> Markup {
    html! {
        form method="get" action=(PATH) class="filters" {
            (field("customer", "search", words.customer, words.customer_rule, &filters.customer))
            (field("staff", "search", words.staff, words.staff_rule, &filters.staff))
            (field("from", "date", words.from, words.day_rule, &filters.from))
            (field("to", "date", words.to, words.day_rule, &filters.to))
            p { button type="submit" { (words.filter) } " " a href=(PATH) { (words.all) } }
        }
    }
}

fn field(name: &str, kind: &str, label: &str, rule: &str, filter: &AccessFilter) -> Markup {
    let rule_id = format!("{name}-rule");
    html! {
        p class="form-field" {
            label for=(name) { (label) }
            input type=(kind) id=(name) name=(name) value=(filter.text) autocomplete="off"
                aria-invalid=[filter.is_wrong.then_some("true")]
                aria-describedby=[filter.is_wrong.then_some(&rule_id)];
            @if filter.is_wrong { span class="field-error" id=(rule_id) { (rule) } }
        }
    }
}

fn table(language: Language, words: &AccessWords, rows: &[AccessRow]) -> Markup {
    html! {
        div class="table-frame" role="group" tabindex="0" aria-label=(words.title) {
            table {
                (table_head(&[words.when, words.staff, words.role, words.customer, words.fields, words.record]))
                tbody {
                    @for row in rows {
                        tr data-id=(row.event_id) {
                            td { (format::time(language, row.viewed_at)) }
                            td { (row.look.actor()) }
                            td { (actor_kind(language, &row.look)) }
                            td { (whose(words, &row.customers)) }
                            td { (what_was_shown(language, &row.look)) }
                            td { code { "identity.audit " (row.source.partition.0) ":" (row.source.offset.0) } }
                        }
                    }
                }
            }
        }
    }
}

fn whose(words: &AccessWords, customers: &AccessCustomers) -> Markup {
    html! {
        @match customers {
            AccessCustomers::One(customer) => { a href=(customer_path(customer)) { (customer) } }
            AccessCustomers::Several(count) => { (count) " " (words.customers) }
            AccessCustomers::All => { (words.every_customer) }
        }
    }
}

fn actor_kind(language: Language, look: &AccessLook) -> &'static str {
    match look {
        AccessLook::ConsoleView { role, .. } => role_name(language, *role),
        AccessLook::ApiRead { .. } => AccessWords::of(language).api_key,
        AccessLook::SignerAct { .. } => AccessWords::of(language).signer,
    }
}

fn what_was_shown(language: Language, look: &AccessLook) -> String {
    match look {
        AccessLook::ConsoleView { fields, .. } => field_names(language, fields),
        AccessLook::ApiRead { .. } => AccessWords::of(language).answers.to_owned(),
        AccessLook::SignerAct { kind, .. } => act_name(language, *kind).to_owned(),
    }
}

fn act_name(language: Language, kind: ActKind) -> &'static str {
    let words = AccessWords::of(language);
    match kind {
        ActKind::UnsealRequest => words.asked,
        ActKind::UnsealApprove => words.approved,
        ActKind::UnsealOpen => words.opened,
        ActKind::ReplayReveal => words.revealed,
        // Of no customer: none of these has a row here.
        ActKind::SignersChange | ActKind::Reshare | ActKind::Drill => kind.as_str(),
    }
}

fn field_names(language: Language, fields: &[Field]) -> String {
    let words = AccessWords::of(language);
    let name = |field: &Field| match field {
        Field::FullName => words.full_name,
        Field::ExternalId => words.external_id,
        Field::Reason => words.reason,
        // No page shows any of these; a record that names one is of a later build.
        Field::Photo
        | Field::DeclinedPhoto
        | Field::Raw
        | Field::Probe
        | Field::MatchSimilarity
        | Field::FaceVector
        | Field::FaceCrop
        | Field::VoterValues
        | Field::KtpText
        | Field::ReviewNote
        | Field::VoidNote
        | Field::KtpFrames
        | Field::CaptureFeatures
        | Field::CaptureClaims
        | Field::Nik
        | Field::RecheckNote => field.as_str(),
    };
    fields.iter().map(name).collect::<Vec<_>>().join(", ")
}

words! {
    /// Words of the page.
    AccessWords {
        title: "Access to personal data", "Akses data pribadi";
        introduction: "Each view of a customer's personal fields in this console is written to the audit log before it is shown, what API keys read as each minute ends, and each step of a signer before it is taken. This list is the log's index; the record is the proof, and its place is in the last column.",
            "Setiap tampilan data pribadi nasabah di konsol ini ditulis ke log audit sebelum ditampilkan, pembacaan oleh kunci API setiap menit berakhir, dan setiap langkah penanda tangan sebelum dilakukan. Daftar ini adalah indeks log tersebut; catatan di log adalah buktinya, dan letaknya ada di kolom terakhir.";
        customer: "Customer", "Nasabah";
        customers: "customers", "nasabah";
        every_customer: "every customer", "semua nasabah";
        customer_rule: "A customer's id: cus_ and 26 characters.", "ID nasabah: cus_ dan 26 karakter.";
        staff: "Staff, signer or API key", "Staf, penanda tangan, atau kunci API";
        staff_rule: "A name: 1 to 64 letters, digits, and . _ @ -; or a key's: key_ and 26 characters.",
            "Nama: 1 sampai 64 huruf, angka, dan . _ @ -; atau nama kunci: key_ dan 26 karakter.";
        api_key: "API key", "Kunci API";
        signer: "Signer", "Penanda tangan";
        asked: "asked for evidence to be opened", "meminta pembukaan bukti";
        approved: "approved that evidence is opened", "menyetujui pembukaan bukti";
        opened: "opened evidence", "membuka bukti";
        revealed: "was shown sealed fields of events", "melihat isian tersegel dari peristiwa";
        answers: "answers of the API, within this minute", "jawaban API, dalam menit ini";
        from: "From", "Dari tanggal";
        to: "To and including", "Sampai dengan tanggal";
        day_rule: "A day: YYYY-MM-DD.", "Tanggal: TTTT-BB-HH.";
        filter: "Filter", "Saring";
        all: "Show all", "Tampilkan semua";
        wrong: "A filter above is not understood, so nothing is listed.",
            "Salah satu saringan di atas tidak dipahami, sehingga tidak ada yang ditampilkan.";
        none: "Nobody has looked at a customer's personal data yet.",
            "Belum ada yang melihat data pribadi nasabah.";
        none_match: "No view matches these filters.", "Tidak ada tampilan yang cocok dengan saringan ini.";
        when: "When", "Waktu";
        role: "Role", "Peran";
        fields: "What was shown", "Yang ditampilkan";
        record: "Record", "Catatan";
        full_name: "full name", "nama lengkap";
        external_id: "external id", "ID eksternal";
        reason: "reasons", "alasan";
        pages: "Pages of the list", "Halaman daftar";
        newest: "Newest", "Terbaru";
        older: "Older", "Lebih lama";
    }
}

#[cfg(test)]
mod tests {
    use domain::event::{Offset, Partition, PersonalDataPage, Source, TopicId};
    use domain::ids::{ApiKeyId, CustomerId, EventId, OrgId};
    use domain::signers::SignerName;
    use domain::staff::{StaffRole, StaffUserName};
    use domain::time::Timestamp;

    use super::*;

    fn page(language: Language, model: &AccessModel) -> String {
        let frame =
            PageFrame { language, reader: None, current: None, address: PATH.to_owned(), is_live: false };
        render(&frame, model)
    }

    fn customer() -> CustomerId {
        CustomerId::from_bytes([5; 16])
    }

    fn row() -> AccessRow {
        AccessRow {
            event_id: EventId::from_bytes([1; 16]),
            source: Source { topic_id: TopicId([2; 16]), partition: Partition(3), offset: Offset(41) },
            org: OrgId::from_bytes([4; 16]),
            customers: AccessCustomers::One(customer()),
            look: AccessLook::ConsoleView {
                user: StaffUserName::parse("rina").expect("a name"),
                role: StaffRole::Compliance,
                page: PersonalDataPage::Customer,
                fields: vec![Field::FullName, Field::Reason],
            },
            viewed_at: Timestamp::from_millis(0),
        }
    }

    #[test]
    fn a_row_says_who_whom_when_what_and_where_the_record_is() {
        let model = AccessModel {
            filters: AccessFilters::default(),
            rows: vec![row()],
            older: Some("/console/access?after=x&staff=rina".to_owned()),
            newest: None,
        };
        let shown = page(Language::English, &model);
        for wanted in [
            format!("<tr data-id=\"{}\">", row().event_id),
            format!("<a href=\"/console/customers/{0}\">{0}</a>", customer()),
            "rina".to_owned(),
            "Compliance".to_owned(),
            "full name, reasons".to_owned(),
            "identity.audit 3:41".to_owned(),
            "1 Jan 1970, 07:00:00 WIB".to_owned(),
            "href=\"/console/access?after=x&amp;staff=rina\"".to_owned(),
        ] {
            assert!(shown.contains(&wanted), "{wanted}: {shown}");
        }
        assert!(page(Language::Indonesian, &model).contains("nama lengkap, alasan"));
    }

    #[test]
    fn a_read_with_a_key_is_of_its_minute() {
        let key = ApiKeyId::from_bytes([6; 16]);
        let read = AccessRow {
            look: AccessLook::ApiRead { key: key.clone() },
            viewed_at: Timestamp::from_millis(120_000),
            customers: AccessCustomers::Several(37),
            ..row()
        };
        let model =
            AccessModel { filters: AccessFilters::default(), rows: vec![read], older: None, newest: None };
        let shown = page(Language::English, &model);
        for wanted in [
            key.as_str(),
            "API key",
            "within this minute",
            "1 Jan 1970, 07:02:00 WIB",
            "identity.audit 3:41",
            "37 customers",
        ] {
            assert!(shown.contains(wanted), "{wanted}: {shown}");
        }
    }

    #[test]
    fn a_signer_who_was_shown_all_was_shown_every_customer() {
        let look = AccessLook::SignerAct {
            signer: SignerName::parse("Rina").expect("a name"),
            kind: ActKind::ReplayReveal,
        };
        let all = AccessRow { look, customers: AccessCustomers::All, ..row() };
        let model =
            AccessModel { filters: AccessFilters::default(), rows: vec![all], older: None, newest: None };
        let shown = page(Language::English, &model);
        assert!(shown.contains("<td>every customer</td>"), "{shown}");
    }

    #[test]
    fn a_wrong_filter_is_shown_as_text_beside_its_rule() {
        let wrong = |text: &str| AccessFilter { text: text.to_owned(), is_wrong: true };
        let filters = AccessFilters {
            customer: wrong("\"><script>alert(1)</script>"),
            from: wrong("yesterday"),
            ..AccessFilters::default()
        };
        let model = AccessModel { filters, rows: Vec::new(), older: None, newest: None };
        let shown = page(Language::English, &model);
        assert!(!shown.contains("<script"), "{shown}");
        assert!(shown.contains("&quot;&gt;&lt;script&gt;"), "{shown}");
        assert_eq!(shown.matches("aria-invalid=\"true\"").count(), 2, "{shown}");
        assert!(shown.contains("id=\"from-rule\">A day: YYYY-MM-DD.") && shown.contains("nothing is listed"));
    }

    #[test]
    fn an_empty_list_says_why() {
        let mut model =
            AccessModel { filters: AccessFilters::default(), rows: Vec::new(), older: None, newest: None };
        assert!(page(Language::English, &model).contains("Nobody has looked"));
        model.filters.staff.text = "rina".to_owned();
        assert!(page(Language::Indonesian, &model).contains("Tidak ada tampilan yang cocok"));
    }
}
