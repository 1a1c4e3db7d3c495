//! What the help of each `orgs` command shows (contract §6: examples for everything).

use domain::orgs::OrgSetting;

pub(super) const ORGS: &str = "Examples:
  ingest-api orgs create --config identity.toml --name 'Bank Contoh' --environment live --dukcapil-enabled
  ingest-api orgs list --data-dir ./data
  ingest-api orgs set org_… --config identity.toml --dukcapil-enabled false
  ingest-api orgs keys create org_… --config identity.toml --scopes verifications:write --expires 90d
  ingest-api orgs keys revoke org_… key_… --config identity.toml";

pub(super) const CREATE: &str = "Examples:
  ingest-api orgs create --config identity.toml --name 'Bank Contoh' --environment live --dukcapil-enabled
  ingest-api orgs create --data-dir ./data --name 'Second Bank' --scopes read --ingest-limit 600";

pub(super) const LIST: &str = "Examples:
  ingest-api orgs list --config identity.toml
  ingest-api orgs list --data-dir ./data --json";

const SET: &str = "Examples:
  ingest-api orgs set org_… --config identity.toml --dukcapil-enabled false
  ingest-api orgs set org_… --data-dir ./data --ingest-limit 600 --strict-scopes true
  ingest-api orgs set org_… --config identity.toml --limit get=1200,nik_dukcapil=600
  ingest-api orgs set org_… --config identity.toml --set match.medium=0.6 --set match.high=";

/// With every setting that there is.
pub(super) fn set() -> String {
    let line =
        |setting: OrgSetting| format!("\n  {}: {}. {}", setting.as_str(), setting.kind(), setting.meaning());
    let settings: String = OrgSetting::ALL.into_iter().map(line).collect();
    format!("Settings:{settings}\n\n{SET}")
}

pub(super) const KEYS: &str = "Examples:
  ingest-api orgs keys create org_… --config identity.toml --scopes verifications:write --expires 90d
  ingest-api orgs keys list org_… --config identity.toml
  ingest-api orgs keys revoke org_… key_… --config identity.toml";

pub(super) const KEYS_CREATE: &str = "Examples:
  ingest-api orgs keys create org_… --config identity.toml
  ingest-api orgs keys create org_… --data-dir ./data --scopes verifications:write,customers:view --expires 90d";

pub(super) const KEYS_REVOKE: &str = "Examples:
  ingest-api orgs keys revoke org_… key_… --config identity.toml";

pub(super) const KEYS_LIST: &str = "Examples:
  ingest-api orgs keys list org_… --config identity.toml
  ingest-api orgs keys list org_… --data-dir ./data --json";
