//! The body of the event about a NIK's form.

use domain::event;
use domain::ids::{EventId, VerificationId};
use domain::nik::{NikFault, NikFindings, RegionCode};
use serde::{Deserialize, Serialize};

use super::Body;
use super::parts::{Blob, Fixed, List, Text, customer, id, word};
use crate::error::DecodeError;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NikFormatChecked<'a> {
    id: Text<'a>,
    org_id: Text<'a>,
    customer_id: Text<'a>,
    verification_id: Text<'a>,
    nik: Blob,
    verified: bool,
    fault: Option<Text<'a>>,
    province: Text<'a>,
    regency: Text<'a>,
    district: Text<'a>,
    birth_date_agrees: Option<bool>,
    sex_agrees: Option<bool>,
    regions_edition: Text<'a>,
    signals: List<Text<'a>>,
    policy_version: u32,
    body_fingerprint: Fixed<32>,
}

impl Body for NikFormatChecked<'_> {
    fn sealed_bytes(&self) -> usize {
        Blob::size(Some(&self.nik))
    }
}

impl<'a> From<&'a event::NikFormatChecked> for NikFormatChecked<'a> {
    fn from(e: &'a event::NikFormatChecked) -> Self {
        let findings = &e.findings;
        Self {
            id: e.event_id.as_str().into(),
            org_id: e.customer.org.as_str().into(),
            customer_id: e.customer.customer.as_str().into(),
            verification_id: e.verification_id.as_str().into(),
            nik: Blob::of(&e.nik),
            verified: findings.verified,
            fault: findings.fault.map(|fault| fault.as_str().into()),
            province: findings.province.as_str().into(),
            regency: findings.regency.as_str().into(),
            district: findings.district.as_str().into(),
            birth_date_agrees: findings.birth_date_agrees,
            sex_agrees: findings.sex_agrees,
            regions_edition: (&findings.regions_edition).into(),
            signals: List(e.signals.iter().map(Into::into).collect()),
            policy_version: e.policy_version,
            body_fingerprint: e.body_fingerprint.into(),
        }
    }
}

impl TryFrom<NikFormatChecked<'_>> for event::NikFormatChecked {
    type Error = DecodeError;

    fn try_from(w: NikFormatChecked<'_>) -> Result<Self, DecodeError> {
        let fault = w.fault.as_deref().map(|text| word("fault", text, NikFault::parse));
        Ok(Self {
            event_id: id("id", &w.id, EventId::parse)?,
            customer: customer(&w.org_id, &w.customer_id)?,
            verification_id: id("verificationId", &w.verification_id, VerificationId::parse)?,
            nik: w.nik.sealed(),
            findings: NikFindings {
                verified: w.verified,
                fault: fault.transpose()?,
                province: word("province", &w.province, RegionCode::parse)?,
                regency: word("regency", &w.regency, RegionCode::parse)?,
                district: word("district", &w.district, RegionCode::parse)?,
                birth_date_agrees: w.birth_date_agrees,
                sex_agrees: w.sex_agrees,
                regions_edition: w.regions_edition.into_owned(),
            },
            signals: w.signals.0.into_iter().map(Text::into_owned).collect(),
            policy_version: w.policy_version,
            body_fingerprint: w.body_fingerprint.into(),
        })
    }
}
