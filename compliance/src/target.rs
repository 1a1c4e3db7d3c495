//! What commands have in common on the command line: which installation, whose org, which customer, from when to when.

use clap::Args;
use domain::ids::{CustomerId, CustomerRef, OrgId};
use domain::orgs::OrgRecord;
use domain::time::Timestamp;
use domain::verdict::ExternalId;
use engine::InstallationTarget;
use org_directory::orgs::Orgs;
use vault::OrgIds;

use crate::command_error::CommandError;
use crate::opened::OpenedInstallation;

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
        if self.customer.is_none() && self.external_id.is_none() {
            return Ok(None);
        }
        let mut found = Vec::new();
        for record in org.records(opened).await? {
            let id = match (&self.customer, &self.external_id) {
                (Some(id), _) => Some(id.clone()),
                (None, Some(external_id)) => of_external_id(opened, &record, external_id).await?,
                (None, None) => None,
            };
            let Some(id) = id else { continue };
            let customer = CustomerRef::new(record.org, id);
            // A row of the key store was made before anything of a customer was written, and stays for ever.
            if opened.engine.keys.get(&customer).await?.is_some() {
                found.push(customer);
            }
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
        found.ok_or_else(|| CommandError::WrongUsage("--customer or --external-id is needed".to_owned()))
    }
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
