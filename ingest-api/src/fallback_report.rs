//! Rechecks and outage windows as the operator's command shows them: for people, for programs, for spreadsheets. Reading them
//! is the command's work; an API key is shown less, by `reading`.

use domain::ids::OrgId;
use domain::orgs::{OrgRecord, OrgSetting, SettingValue};
use domain::policy::Tier;
use domain::recheck::{OutageWindow, RecheckStatus};
use domain::rows::RecheckRow;
use domain::time::Timestamp;
use serde_json::{Value, json};

use crate::csv_line;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Open rechecks of the org that were opened before then are overdue; none where it has no such rule.
pub fn overdue_before(org: &OrgRecord, now: Timestamp) -> Option<Timestamp> {
    match org.setting(OrgSetting::FallbackMaxAgeDays) {
        Some(SettingValue::Count(days)) => {
            Some(Timestamp::from_millis(now.millis() - i64::from(days) * DAY_MS))
        }
        _ => None,
    }
}

/// A recheck as an operator sees it.
pub struct RecheckLine {
    row: RecheckRow,
    tier: Tier,
    is_overdue: bool,
}

/// The columns of rechecks, in every form.
pub const RECHECK_COLUMNS: [&str; 14] = [
    "orgId",
    "id",
    "customerId",
    "status",
    "cause",
    "openedAt",
    "lastAttemptAt",
    "attempts",
    "kycLevel",
    "settledAt",
    "how",
    "verificationId",
    "reasonCode",
    "overdue",
];

impl RecheckLine {
    /// A recheck, the tier that its customer has now, and since when what is open is overdue.
    pub fn new(row: RecheckRow, tier: Tier, overdue_before: Option<Timestamp>) -> Self {
        let is_open = row.status == RecheckStatus::Open;
        let is_overdue = is_open && overdue_before.is_some_and(|before| row.opened_at < before);
        Self { row, tier, is_overdue }
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let row = &self.row;
        json!({
            "orgId": row.customer.org.as_str(),
            "id": row.id.as_str(),
            "customerId": row.customer.customer.as_str(),
            "status": row.status.as_str(),
            "cause": row.cause.as_str(),
            "openedAt": row.opened_at.rfc3339(),
            "lastAttemptAt": row.last_attempt_at.rfc3339(),
            "attempts": row.attempts,
            "kycLevel": self.tier.as_str(),
            "settledAt": row.settled_at.map(Timestamp::rfc3339),
            "how": row.how.map(|how| how.as_str()),
            "verificationId": row.verification_id.as_ref().map(|id| id.as_str()),
            "reasonCode": row.closed.as_ref().map(|closed| closed.reason_code.as_str()),
            "overdue": self.is_overdue,
        })
    }

    /// For a spreadsheet, in the order of [`RECHECK_COLUMNS`].
    pub fn csv(&self) -> String {
        csv_row(&RECHECK_COLUMNS, &self.json())
    }

    /// For people: what fits a screen.
    pub fn cells(&self) -> [String; 8] {
        let row = &self.row;
        [
            row.customer.org.to_string(),
            row.id.to_string(),
            row.customer.customer.to_string(),
            if self.is_overdue { "open, overdue" } else { row.status.as_str() }.to_owned(),
            row.cause.as_str().to_owned(),
            row.opened_at.rfc3339(),
            row.attempts.to_string(),
            self.tier.as_str().to_owned(),
        ]
    }
}

/// The heads of [`RecheckLine::cells`].
pub const RECHECK_HEADS: [&str; 8] =
    ["org", "recheck", "customer", "status", "cause", "opened", "attempts", "tier"];

/// The columns of windows, in every form.
pub const WINDOW_COLUMNS: [&str; 10] =
    ["orgId", "from", "to", "settled", "failures", "causes", "opened", "confirmed", "contradicted", "open"];

/// A window for programs.
pub fn window_json(org: &OrgId, window: &OutageWindow) -> Value {
    let of = &window.cluster;
    let causes = of.causes.iter().map(|(cause, count)| (cause.as_str().to_owned(), json!(count)));
    json!({
        "orgId": org.as_str(),
        "from": of.first.rfc3339(),
        "to": window.to.map(Timestamp::rfc3339),
        "settled": window.settled,
        "failures": of.failures,
        "causes": Value::Object(causes.collect()),
        "opened": of.opened,
        "confirmed": of.confirmed,
        "contradicted": of.contradicted,
        "open": of.open,
    })
}

/// A window for a spreadsheet, in the order of [`WINDOW_COLUMNS`].
pub fn window_csv(org: &OrgId, window: &OutageWindow) -> String {
    let mut fields = window_json(org, window);
    fields["causes"] = causes(window).into();
    csv_row(&WINDOW_COLUMNS, &fields)
}

/// The heads of [`window_cells`].
pub const WINDOW_HEADS: [&str; 8] =
    ["org", "from", "to", "failures", "causes", "opened", "confirmed", "still open"];

/// A window for people.
pub fn window_cells(org: &OrgId, window: &OutageWindow) -> [String; 8] {
    let of = &window.cluster;
    [
        org.to_string(),
        of.first.rfc3339(),
        window.to.map_or_else(|| "goes on".to_owned(), Timestamp::rfc3339),
        of.failures.to_string(),
        causes(window),
        of.opened.to_string(),
        of.confirmed.to_string(),
        of.open.to_string(),
    ]
}

fn causes(window: &OutageWindow) -> String {
    let counts = window.cluster.causes.iter();
    counts.map(|(cause, count)| format!("{} {count}", cause.as_str())).collect::<Vec<_>>().join(" ")
}

/// The first line of a spreadsheet.
pub fn csv_head(columns: &[&str]) -> String {
    let mut line = String::new();
    csv_line::write(columns, &mut line);
    line
}

fn csv_row(columns: &[&str], fields: &Value) -> String {
    let cell = |column: &&str| match &fields[*column] {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let cells: Vec<String> = columns.iter().map(cell).collect();
    let mut line = String::new();
    csv_line::write(&cells.iter().map(String::as_str).collect::<Vec<_>>(), &mut line);
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::event::{Offset, Partition, Source, TopicId};
    use domain::ids::{CustomerId, CustomerRef, RecheckId};
    use domain::recheck::{AttemptCause, OutageFailure, failure_clusters};

    fn org() -> OrgId {
        OrgId::from_bytes([1; 16])
    }

    fn open_row(opened_ms: i64) -> RecheckRow {
        RecheckRow {
            id: RecheckId::from_bytes([2; 16]),
            customer: CustomerRef::new(org(), CustomerId::from_bytes([3; 16])),
            status: RecheckStatus::Open,
            cause: AttemptCause::Timeout,
            opened_at: Timestamp::from_millis(opened_ms),
            last_attempt_at: Timestamp::from_millis(opened_ms),
            attempts: 3,
            settled_at: None,
            how: None,
            verification_id: None,
            closed: None,
            source: Source { topic_id: TopicId([4; 16]), partition: Partition(0), offset: Offset(5) },
        }
    }

    #[test]
    fn only_what_is_open_for_too_long_is_overdue() {
        let before = Some(Timestamp::from_millis(1_000));
        let settled = RecheckRow { status: RecheckStatus::Confirmed, ..open_row(0) };
        for (row, before, overdue) in [
            (open_row(999), before, true),
            (open_row(1_000), before, false),
            (open_row(0), None, false),
            (settled, before, false),
        ] {
            let shown = format!("{row:?}");
            let line = RecheckLine::new(row, Tier::Standard, before);
            assert_eq!(line.json()["overdue"], overdue, "{shown}");
            assert_eq!(line.cells()[3].contains("overdue"), overdue, "{shown}");
        }
    }

    #[test]
    fn every_form_has_the_same_fields() {
        let line = RecheckLine::new(open_row(0), Tier::None, None);
        let fields = line.json();
        let names: Vec<&str> = fields.as_object().expect("an object").keys().map(String::as_str).collect();
        let mut columns = RECHECK_COLUMNS;
        columns.sort_unstable();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, columns);
        assert_eq!(csv_head(&RECHECK_COLUMNS).matches(',').count(), line.csv().matches(',').count());

        let failure = OutageFailure {
            at: Timestamp::EPOCH,
            cause: AttemptCause::Http5xx,
            opened: Some(RecheckStatus::Open),
        };
        let cluster = failure_clusters(&[failure]).pop().expect("one");
        let window = cluster.window(None, Timestamp::EPOCH);
        assert_eq!(window_json(&org(), &window)["causes"], json!({ "http_5xx": 1 }));
        let wanted = format!("{},1970-01-01T00:00:00.000Z,,false,1,http_5xx 1,1,0,0,1\r\n", org());
        assert_eq!(window_csv(&org(), &window), wanted);
        assert_eq!(window_cells(&org(), &window)[2], "goes on");
    }
}
