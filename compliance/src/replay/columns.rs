//! A fact as a row: for a spreadsheet (RFC 4180), or for a person at a terminal. Columns are the same for every type of
//! event; what has no column of its own stands in the last one, as JSON, so that nothing is lost.

use domain::event::{EventField, FieldValue};
use domain::ports::Topic;
use event_codec::event_type;
use serde_json::{Map, Value};

use super::envelopes::EventEnvelopes;
use super::fact_line::{FactContent, FactLine, ShownValue, hex};

/// Columns that follow from a fact's place and kind.
const PLACE_COLUMNS: [&str; 8] =
    ["topic", "partition", "offset", "appendedAt", "type", "eventId", "orgId", "customerId"];

/// Columns of fields of events.
const FIELD_COLUMNS: [&str; 20] = [
    "verificationId",
    "enrolmentId",
    "valid",
    "matched",
    "score",
    "reasonCategory",
    "reason",
    "fullName",
    "externalId",
    "photo",
    "photoContentType",
    "similarity",
    "source",
    "riskLevel",
    "thresholdMilli",
    "signals",
    "purposes",
    "classifierVersion",
    "policyVersion",
    "bodyFingerprint",
];

/// Columns of the evidence and of what is wrong, and what is left.
const LAST_COLUMNS: [&str; 6] =
    ["evidencePartition", "evidenceOffset", "evidenceSha256", "evidenceMatches", "error", "more"];

/// A fact as cells, in the order of [`CsvRow::head`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvRow(Vec<String>);

impl CsvRow {
    /// The head of the file, with its line's end.
    pub fn head() -> String {
        let names = PLACE_COLUMNS.iter().chain(&FIELD_COLUMNS).chain(&LAST_COLUMNS);
        names.copied().collect::<Vec<_>>().join(",") + "\r\n"
    }

    /// A fact's row.
    pub fn of(line: &FactLine) -> Self {
        let mut cells = Vec::with_capacity(PLACE_COLUMNS.len() + FIELD_COLUMNS.len() + LAST_COLUMNS.len());
        let customer = line.customer();
        let none = EventEnvelopes::default();
        let (kind, event_id, fields, envelopes) = match &line.content {
            FactContent::Readable { event, envelopes, .. } => {
                (event_type(event).short_name(), event.event_id().as_str(), event.fields(), envelopes)
            }
            FactContent::Unreadable { .. } => ("", "", Vec::new(), &none),
        };
        let place = line.place;
        cells.extend(
            [
                Topic::Events.name(),
                &place.partition.0.to_string(),
                &place.offset.0.to_string(),
                &place.created_at.rfc3339(),
                kind,
                event_id,
                customer.map_or("", |customer| customer.org.as_str()),
                customer.map_or("", |customer| customer.customer.as_str()),
            ]
            .map(str::to_owned),
        );
        let field = |name: &str| fields.iter().find(|field| field.name == name);
        cells.extend(
            FIELD_COLUMNS.iter().map(|name| field(name).map_or_else(String::new, |f| cell(f, envelopes))),
        );
        cells.extend(evidence_cells(line));
        cells.push(line.error().unwrap_or_default().to_owned());
        let of_evidence = evidence_fields(line);
        let more = fields.iter().filter(|field| !FIELD_COLUMNS.contains(&field.name));
        cells.push(as_json(more.chain(&of_evidence), envelopes));
        Self(cells)
    }

    /// The row as text, with its line's end.
    pub fn text(&self) -> String {
        self.0.iter().map(|cell| quoted(cell)).collect::<Vec<_>>().join(",") + "\r\n"
    }
}

fn evidence_cells(line: &FactLine) -> [String; 4] {
    let FactContent::Readable { evidence: Some(evidence), .. } = &line.content else {
        return [const { String::new() }; 4];
    };
    let matches = match evidence.matches {
        Some(true) => "true",
        Some(false) => "false",
        None => "",
    };
    [
        evidence.partition.0.to_string(),
        evidence.offset.0.to_string(),
        hex(&evidence.sha256),
        matches.to_owned(),
    ]
}

/// What the evidence says, as one field; none where nothing is shown of it.
fn evidence_fields(line: &FactLine) -> Option<EventField> {
    let FactContent::Readable { evidence: Some(evidence), .. } = &line.content else { return None };
    let value = FieldValue::Fields(evidence.fields.clone());
    (!evidence.fields.is_empty()).then_some(EventField { name: "evidence", value })
}

fn as_json<'f>(fields: impl Iterator<Item = &'f EventField>, envelopes: &EventEnvelopes) -> String {
    let values = fields.filter_map(|field| {
        let value = serde_json::to_value(ShownValue { value: &field.value, envelopes }).ok()?;
        Some((field.name.to_owned(), value))
    });
    let map: Map<String, Value> = values.collect();
    if map.is_empty() { String::new() } else { Value::Object(map).to_string() }
}

fn cell(field: &EventField, envelopes: &EventEnvelopes) -> String {
    match &field.value {
        FieldValue::Absent => String::new(),
        FieldValue::Flag(flag) => flag.to_string(),
        FieldValue::Number(number) => number.to_string(),
        FieldValue::Text(text) => text.clone(),
        FieldValue::Time(time) => time.rfc3339(),
        FieldValue::Words(words) => words.join(" "),
        FieldValue::Sealed(field) => envelopes.of(*field).word().to_owned(),
        FieldValue::Fields(fields) => as_json(fields.iter(), envelopes),
    }
}

/// A cell that a spreadsheet takes for what it is: no formula, and no end of a row within it.
fn quoted(cell: &str) -> String {
    let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let guarded = if is_formula { format!("'{cell}") } else { cell.to_owned() };
    if guarded.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", guarded.replace('"', "\"\""))
    } else {
        guarded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_no_formula_and_ends_no_row() {
        for (cell, text) in [
            ("", ""),
            ("cus_1", "cus_1"),
            ("=1+1", "'=1+1"),
            ("@x", "'@x"),
            ("-5", "'-5"),
            ("a,b", "\"a,b\""),
            ("say \"so\"", "\"say \"\"so\"\"\""),
            ("a\nb", "\"a\nb\""),
            ("=a,b", "\"'=a,b\""),
        ] {
            assert_eq!(quoted(cell), text, "{cell}");
        }
    }
}
