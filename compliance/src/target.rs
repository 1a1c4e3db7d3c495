//! What commands have in common on the command line: which installation, whose org, which customer, from when to when.

use std::collections::BTreeSet;

use clap::Args;
use domain::ids::{CustomerId, CustomerRef, OrgId};
use domain::nik::Nik;
use domain::orgs::OrgRecord;
use domain::time::Timestamp;
use domain::verdict::ExternalId;
use engine::InstallationTarget;
use org_directory::orgs::Orgs;
use vault::OrgIds;
use zeroize::Zeroizing;

use crate::command_error::CommandError;
use crate::opened::OpenedInstallation;
use compliance::limits::NIK_CUSTOMERS_MAX;

/// Which installation, and how the answer is printed.
#[derive(Debug, Args)]
pub(crate) struct CommonArgs {
    #[command(flatten)]
    pub(crate) target: InstallationTarget,
    /// Print JSON, lines of it for lists
    #[arg(long)]
    pub(crate) json: bool,
}

/// Whose.
#[derive(Debug, Args)]
pub(crate) struct OrgArgs {
    /// Of this org alone
    #[arg(long, value_name = "ORG", value_parser = |text: &str| OrgId::parse(text))]
    pub(crate) org: Option<OrgId>,
}

/// Which customer.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct CustomerArgs {
    /// The customer's id
    #[arg(long, value_name = "CUSTOMER", value_parser = |text: &str| CustomerId::parse(text))]
    customer: Option<CustomerId>,
    /// The org's own id for the customer
    #[arg(long, value_name = "ID", value_parser = |text: &str| {
        ExternalId::parse(text).map_err(|_| "not an external id")
    })]
    external_id: Option<ExternalId>,
    /// The customer's NIK, as checks and captured cards brought it
    #[arg(long, value_name = "NIK")]
    nik: Option<NikText>,
}

/// What was given as a NIK. It is looked at later: a refusal of the command line would repeat it.
#[derive(Clone)]
struct NikText(Zeroizing<String>);

impl From<String> for NikText {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl std::fmt::Debug for NikText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NikText(…)")
    }
}

/// From when to when.
#[derive(Debug, Args)]
pub(crate) struct TimeArgs {
    /// From this time on, inclusive (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = bound)]
    pub(crate) from: Option<Timestamp>,
    /// Up to this time, exclusive (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = bound)]
    pub(crate) to: Option<Timestamp>,
}

fn bound(text: &str) -> Result<Timestamp, &'static str> {
    Timestamp::parse_bound(text).ok_or("not a time like 2026-11-23T17:00:00+07:00")
}

/// A moment, as `asOf` of the API takes it.
pub(crate) fn moment(text: &str) -> Result<Timestamp, &'static str> {
    Timestamp::parse(text).ok_or("not a time like 2026-11-23T17:00:00+07:00")
}

impl OrgArgs {
    /// The orgs that a customer may be of: the one that was named, or all.
    async fn records(&self, opened: &OpenedInstallation) -> Result<Vec<OrgRecord>, CommandError> {
        let all = Orgs::new(&opened.engine).list().await?;
        let Some(wanted) = &self.org else { return Ok(all) };
        let found: Vec<OrgRecord> = all.into_iter().filter(|record| record.org == *wanted).collect();
        if found.is_empty() {
            return Err(CommandError::Refused(format!("there is no org {wanted}")));
        }
        Ok(found)
    }

    /// The org that was named, or the only one.
    pub(crate) async fn only(&self, opened: &OpenedInstallation) -> Result<OrgRecord, CommandError> {
        let mut found = self.records(opened).await?;
        match (found.pop(), found.is_empty()) {
            (Some(only), true) => Ok(only),
            (Some(_), false) => {
                Err(CommandError::WrongUsage("there are several orgs: say which with --org".to_owned()))
            }
            (None, _) => Err(CommandError::Refused("there is no org".to_owned())),
        }
    }

    /// The org that was named, which must be there.
    pub(crate) async fn checked(&self, opened: &OpenedInstallation) -> Result<Option<OrgId>, CommandError> {
        if self.org.is_some() {
            self.records(opened).await?;
        }
        Ok(self.org.clone())
    }
}

impl CustomerArgs {
    /// The customer that was named; none where none was.
    pub(crate) async fn find(
        &self,
        opened: &OpenedInstallation,
        org: &OrgArgs,
    ) -> Result<Option<CustomerRef>, CommandError> {
        if self.customer.is_none() && self.external_id.is_none() && self.nik.is_none() {
            return Ok(None);
        }
        let mut found = Vec::new();
        for record in org.records(opened).await? {
            let ids: Vec<CustomerId> = match (&self.customer, &self.external_id, &self.nik) {
                (Some(id), _, _) => vec![id.clone()],
                (None, Some(external_id), _) => {
                    of_external_id(opened, &record, external_id).await?.into_iter().collect()
                }
                (None, None, Some(nik)) => of_nik(opened, &record, nik).await?,
                (None, None, None) => Vec::new(),
            };
            for id in ids {
                let customer = CustomerRef::new(record.org.clone(), id);
                // A row of the key store was made before anything of a customer was written, and stays for ever.
                if opened.engine.keys.get(&customer).await?.is_some() {
                    found.push(customer);
                }
            }
        }
        let orgs: BTreeSet<&OrgId> = found.iter().map(|customer| &customer.org).collect();
        if found.len() > 1 && orgs.len() == 1 {
            let ids: Vec<&str> = found.iter().map(|customer| customer.customer.as_str()).collect();
            let words =
                format!("several customers brought that NIK: say which with --customer: {}", ids.join(", "));
            return Err(CommandError::WrongUsage(words));
        }
        match found.len() {
            0 => Err(CommandError::Refused("there is no such customer".to_owned())),
            1 => Ok(found.pop()),
            _ => Err(CommandError::WrongUsage(
                "several orgs have such a customer: say which with --org".to_owned(),
            )),
        }
    }

    /// The customer that must be named.
    pub(crate) async fn require(
        &self,
        opened: &OpenedInstallation,
        org: &OrgArgs,
    ) -> Result<CustomerRef, CommandError> {
        let found = self.find(opened, org).await?;
        found.ok_or_else(|| {
            CommandError::WrongUsage("--customer, --external-id or --nik is needed".to_owned())
        })
    }
}

/// Whoever brought the NIK, by the index of the read model that answers.
async fn of_nik(
    opened: &OpenedInstallation,
    record: &OrgRecord,
    nik: &NikText,
) -> Result<Vec<CustomerId>, CommandError> {
    let nik =
        Nik::parse(&nik.0).ok_or_else(|| CommandError::WrongUsage("--nik takes 16 digits".to_owned()))?;
    let tag = OrgIds::unwrap(&*opened.engine.kms, record).await?.nik_tag(&nik);
    let generation = opened.engine.views.generation().await?;
    let found = opened.engine.nik_index.holders(generation, &record.org, &[tag], NIK_CUSTOMERS_MAX).await?;
    Ok(found.into_iter().flatten().collect())
}

async fn of_external_id(
    opened: &OpenedInstallation,
    record: &OrgRecord,
    external_id: &ExternalId,
) -> Result<Option<CustomerId>, CommandError> {
    let ids = OrgIds::unwrap(&*opened.engine.kms, record).await?;
    let hmac = ids.external_id_hmac(external_id.as_str());
    Ok(opened.engine.external_ids.lookup(&record.org, hmac).await?)
}
