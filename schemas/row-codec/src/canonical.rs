//! The canonical form of a row: its kind, its key and its body, so that two rows have the same one exactly when they
//! are the same.

use domain::ids::CustomerRef;
use domain::rows::{SignalRow, TallyKey, ViewRow};

use crate::RowBody;
use crate::bytes::BodyWriter;
use crate::codes::span_word;

/// Appends the canonical form. Compared within one build only; nothing keeps it.
pub fn write_canonical(row: &ViewRow, out: &mut Vec<u8>) {
    match row {
        ViewRow::Verification(row) => write_in_org(1, &row.customer, row.id.as_str(), &**row, out),
        ViewRow::Enrolment(row) => {
            let mut key = BodyWriter::new(out, 2);
            key.customer(&row.customer);
            key.text(row.id.as_str());
            row.write_body(out);
        }
        ViewRow::Reference(row) => {
            let mut key = BodyWriter::new(out, 11);
            key.customer(&row.customer);
            key.text(row.id.as_str());
            row.write_body(out);
        }
        ViewRow::Review(row) => write_in_org(12, &row.customer, row.verification_id.as_str(), &**row, out),
        ViewRow::Void(row) => write_in_org(16, &row.customer, row.verification_id.as_str(), &**row, out),
        ViewRow::TierEvent(row) => {
            BodyWriter::new(out, 3).customer(&row.customer);
            row.write_body(out);
        }
        ViewRow::Signal(row) => write_signal(row, &mut BodyWriter::new(out, 4)),
        ViewRow::Note(row) => {
            BodyWriter::new(out, 5).customer(&row.customer);
            row.write_body(out);
        }
        ViewRow::Fallback(row) => write_in_org(21, &row.customer, row.id.as_str(), row, out),
        ViewRow::RecheckClosure(row) => write_in_org(22, &row.customer, row.recheck.as_str(), row, out),
        ViewRow::Recheck(row) => write_in_org(23, &row.customer, row.id.as_str(), &**row, out),
        ViewRow::EraseEnrolments(customer) => BodyWriter::new(out, 6).customer(customer),
        ViewRow::NikHolder(row) => {
            let mut key = BodyWriter::new(out, 13);
            key.customer(&row.customer);
            key.digest(&row.tag.0);
        }
        ViewRow::EraseNiks(erasure) => {
            let mut key = BodyWriter::new(out, 14);
            key.customer(&erasure.customer);
            erasure.tags.iter().for_each(|tag| key.digest(&tag.0));
        }
        ViewRow::State(row) => {
            BodyWriter::new(out, 7).customer(&row.customer);
            row.write_body(out);
        }
        ViewRow::Tally(row) => {
            let mut key = BodyWriter::new(out, 8);
            write_tally_key(&row.key, &mut key);
            key.u64(row.count);
            row.write_body(out);
        }
        ViewRow::Books(row) => {
            let mut key = BodyWriter::new(out, 9);
            key.text(row.key.org.as_str());
            key.u32(row.key.partition.0);
            row.write_body(out);
        }
        ViewRow::Position(row) => {
            let mut key = BodyWriter::new(out, 10);
            key.topic(row.topic_id);
            key.u32(row.partition.0);
            row.write_body(out);
        }
    }
}

/// A row that its org and an id name.
fn write_in_org(kind: u8, customer: &CustomerRef, id: &str, row: &impl RowBody, out: &mut Vec<u8>) {
    let mut key = BodyWriter::new(out, kind);
    key.text(customer.org.as_str());
    key.text(id);
    row.write_body(out);
}

fn write_signal(row: &SignalRow, out: &mut BodyWriter<'_>) {
    let SignalRow { verification_id, customer, source, kind, created_at } = row;
    out.text(verification_id.as_str());
    out.customer(customer);
    out.source(*source);
    out.text(kind);
    out.time(*created_at);
}

fn write_tally_key(key: &TallyKey, out: &mut BodyWriter<'_>) {
    let TallyKey { org, span, start, method, status, category, partition } = key;
    out.text(org.as_str());
    out.text(span_word(*span));
    out.time(*start);
    out.text(method.as_str());
    out.text(status.as_str());
    out.option(*category, |out, category| out.text(category.as_str()));
    out.u32(partition.0);
}
