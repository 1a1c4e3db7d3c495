//! What declared failures leave behind, each once for every field with that field changed.

use domain::recheck::{AttemptCause, DukcapilAttempt, RecheckEffect, RecheckStatus, SettledHow};
use domain::rows::{FallbackRow, RecheckClosed, RecheckClosureRow, RecheckMark, RecheckRow};

use super::{FINGERPRINT, Other, late, sealed};

impl Other<'_> {
    pub(super) fn marks(&self) -> Vec<RecheckMark> {
        let recheck = self.0.recheck_id(0);
        let effects = RecheckEffect::ALL.into_iter();
        effects.map(|effect| RecheckMark { recheck: recheck.clone(), effect }).collect()
    }

    pub(super) fn rechecks(&self) -> Vec<RecheckRow> {
        let s = self.0;
        let row = s.recheck(&s.customer(0), 0);
        let closed = each_field!(
            row.closed.clone().expect("a sample is closed"),
            RecheckClosed {
                event_id: s.event_id(9),
                body_fingerprint: None,
                reason_code: "other".to_owned(),
                by: "rina".to_owned(),
                created_at: late(),
            }
        );
        let mut rows = each_field!(
            row.clone(),
            RecheckRow {
                id: s.recheck_id(9),
                customer: self.customer(),
                status: RecheckStatus::Confirmed,
                cause: AttemptCause::Tls,
                opened_at: late(),
                last_attempt_at: late(),
                attempts: u64::MAX,
                settled_at: None,
                how: None,
                verification_id: None,
                closed: None,
                source: self.source(),
            }
        );
        rows.extend(closed.into_iter().skip(1).map(|of| RecheckRow { closed: Some(of), ..row.clone() }));
        rows.extend(RecheckStatus::ALL.map(|status| RecheckRow { status, ..row.clone() }));
        rows.extend(AttemptCause::ALL.map(|cause| RecheckRow { cause, ..row.clone() }));
        rows.extend(SettledHow::ALL.map(|how| RecheckRow { how: Some(how), ..row.clone() }));
        let mut each: Vec<RecheckRow> = Vec::new();
        for row in rows {
            if !each.contains(&row) {
                each.push(row);
            }
        }
        each
    }

    pub(super) fn fallbacks(&self) -> Vec<FallbackRow> {
        let s = self.0;
        let row = s.fallback(&s.customer(0), 0);
        let mut attempts = each_field!(
            row.attempt,
            DukcapilAttempt {
                cause: AttemptCause::Quota,
                http_status: None,
                attempted_at: late(),
                attempts: 50,
                elapsed_ms: None,
            }
        );
        let mut rows = each_field!(
            row.clone(),
            FallbackRow {
                id: s.fallback_id(9),
                customer: self.customer(),
                event_id: s.event_id(9),
                source: self.source(),
                attempt: attempts.swap_remove(1),
                recheck: None,
                opened: false,
                verification_id: None,
                body_fingerprint: FINGERPRINT,
                created_at: late(),
            }
        );
        rows.extend(attempts.into_iter().skip(1).map(|attempt| FallbackRow { attempt, ..row.clone() }));
        rows
    }

    pub(super) fn closures(&self) -> Vec<RecheckClosureRow> {
        let s = self.0;
        let row = s.closure(&s.customer(0), 0, 1);
        let mut rows = each_field!(
            row.clone(),
            RecheckClosureRow {
                recheck: s.recheck_id(9),
                customer: self.customer(),
                event_id: s.event_id(9),
                source: self.source(),
                reason_code: "other".to_owned(),
                note: None,
                by: "rina".to_owned(),
                body_fingerprint: Some(FINGERPRINT),
                created_at: late(),
            }
        );
        rows.push(RecheckClosureRow { body_fingerprint: None, ..row.clone() });
        rows.push(RecheckClosureRow { note: Some(sealed()), ..row });
        rows
    }
}
