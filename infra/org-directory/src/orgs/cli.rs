//! `orgs …` as a command (contract §6). What it prints on stdout is JSON for programs and tables for people; words
//! go to stderr. Exit codes: 0 done, 1 failed, 2 wrong usage.

mod answer;
mod examples;
mod print;
mod values;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use domain::ids::{ApiKeyId, OrgId};
use domain::orgs::{
    Capability, CapabilitySet, Environment, OrgSetting, RateBucket, Scope, SettingValue, Suite,
};
use domain::time::Timestamp;
use serde_json::json;

use self::answer::Answer;
use self::print::{key_json, key_table, org_json, org_table};
use self::values::{
    bucket_limit, capability, environment, expiry, key_id, limit, name, org_id, policy, scope, setting, suite,
};
use super::{NewOrg, OrgChange, Orgs};
use engine::{Config, Engine, InstallationTarget, Role};
use service::program::say;

/// Orgs and their API keys.
#[derive(Debug, Args)]
#[command(after_help = examples::ORGS)]
pub struct OrgsArgs {
    #[command(subcommand)]
    command: OrgsCommand,
}

#[derive(Debug, Subcommand)]
enum OrgsCommand {
    /// Make an org and its first API key; prints {"orgId","apiKey"}. The key is shown this once
    #[command(after_help = examples::CREATE)]
    Create(CreateArgs),
    /// List the orgs
    #[command(after_help = examples::LIST)]
    List {
        #[command(flatten)]
        common: Common,
    },
    /// Change an org; a running instance follows within a second
    #[command(after_help = examples::set())]
    Set(SetArgs),
    /// An org's API keys
    #[command(after_help = examples::KEYS)]
    Keys {
        #[command(subcommand)]
        command: KeysCommand,
    },
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// Make a key; prints {"orgId","keyId","apiKey"}. The key is shown this once
    #[command(after_help = examples::KEYS_CREATE)]
    Create {
        /// The org
        #[arg(value_parser = org_id)]
        org: OrgId,
        /// What it may do, with commas [default: all scopes but reviews:write]
        #[arg(long, value_delimiter = ',', value_parser = scope)]
        scopes: Vec<Scope>,
        /// From when on it is refused: a time (RFC 3339) or so many days from now (90d)
        #[arg(long, value_parser = expiry)]
        expires: Option<Timestamp>,
        #[command(flatten)]
        common: Common,
    },
    /// Revoke a key, for ever
    #[command(after_help = examples::KEYS_REVOKE)]
    Revoke {
        /// The org
        #[arg(value_parser = org_id)]
        org: OrgId,
        /// The key's public name (key_…), as list shows it
        #[arg(value_parser = key_id)]
        key: ApiKeyId,
        #[command(flatten)]
        common: Common,
    },
    /// List an org's keys; never their text
    #[command(after_help = examples::KEYS_LIST)]
    List {
        /// The org
        #[arg(value_parser = org_id)]
        org: OrgId,
        #[command(flatten)]
        common: Common,
    },
}

#[derive(Debug, Args)]
struct Common {
    #[command(flatten)]
    target: InstallationTarget,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct CreateArgs {
    /// Its name, for operators
    #[arg(long, value_parser = name)]
    name: String,
    /// sandbox or live
    #[arg(long, default_value = "sandbox", value_parser = environment)]
    environment: Environment,
    /// It may send verdicts
    #[arg(long)]
    dukcapil_enabled: bool,
    /// Verdicts a minute for each key and instance; 0 is no limit [default: 30]
    #[arg(long, value_name = "N", value_parser = limit)]
    ingest_limit: Option<u32>,
    /// What it may do beyond what every org may, with commas
    #[arg(long, value_name = "NAME=true|false", value_delimiter = ',', value_parser = capability)]
    #[arg(conflicts_with = "dukcapil_enabled")]
    capability: Vec<(Capability, bool)>,
    /// Requests a minute for each key and instance, by bucket, with commas; 0 is no limit
    #[arg(long, value_name = "BUCKET=N", value_delimiter = ',', value_parser = bucket_limit)]
    #[arg(conflicts_with = "ingest_limit")]
    limit: Vec<(RateBucket, u32)>,
    /// What its first key may do, with commas [default: all scopes but reviews:write]
    #[arg(long, value_delimiter = ',', value_parser = scope)]
    scopes: Vec<Scope>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct SetArgs {
    /// The org
    #[arg(value_parser = org_id)]
    org: OrgId,
    #[command(flatten)]
    change: ChangeArgs,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
struct ChangeArgs {
    /// Its name, for operators
    #[arg(long, value_parser = name)]
    name: Option<String>,
    /// May it send verdicts?
    #[arg(long, value_name = "true|false")]
    dukcapil_enabled: Option<bool>,
    /// False: verifications:view also posts verdicts, as the published platform has it
    #[arg(long, value_name = "true|false")]
    strict_scopes: Option<bool>,
    /// Verdicts a minute for each key and instance; 0 is no limit
    #[arg(long, value_name = "N", value_parser = limit)]
    ingest_limit: Option<u32>,
    /// GETs a minute for each key and instance; 0 is no limit
    #[arg(long, value_name = "N", value_parser = limit)]
    get_limit: Option<u32>,
    /// Other writes a minute for each key and instance; 0 is no limit
    #[arg(long, value_name = "N", value_parser = limit)]
    write_limit: Option<u32>,
    /// What it may do beyond what every org may, with commas
    #[arg(long, value_name = "NAME=true|false", value_delimiter = ',', value_parser = capability)]
    #[arg(conflicts_with = "dukcapil_enabled")]
    capability: Vec<(Capability, bool)>,
    /// Requests a minute for each key and instance, by bucket, with commas; 0 is no limit
    #[arg(long, value_name = "BUCKET=N", value_delimiter = ',', value_parser = bucket_limit)]
    #[arg(conflicts_with_all = ["ingest_limit", "get_limit", "write_limit"])]
    limit: Vec<(RateBucket, u32)>,
    /// aes-256-gcm-siv or aes-256-gcm, for what is sealed from now on
    #[arg(long, value_parser = suite)]
    suite: Option<Suite>,
    /// Tier policy of its events from now on
    #[arg(long, value_name = "N", value_parser = policy)]
    policy_version: Option<u32>,
    /// A setting, once for each; with nothing behind the = it has its default again
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = setting)]
    settings: Vec<(OrgSetting, Option<SettingValue>)>,
}

/// The scopes that a key gets when none are named.
fn or_all(scopes: Vec<Scope>) -> Vec<Scope> {
    if scopes.is_empty() { Scope::STANDARD.to_vec() } else { scopes }
}

/// Runs `orgs …` against the engine that it names; its exit code.
pub async fn run_orgs(args: OrgsArgs) -> ExitCode {
    if !Scope::may_stand_together(args.command.scopes()) {
        say(
            "error: reviews:write never stands beside verifications:write or write: make a key of its own for it",
        );
        return ExitCode::from(WRONG_USAGE);
    }
    match run(args).await {
        Ok(answer) => answer.show(),
        Err(error) => {
            say(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// What went wrong, in words; whoever called prints it.
type Failed = Box<dyn std::error::Error + Send + Sync>;

/// The exit code of a command line that cannot be meant.
const WRONG_USAGE: u8 = 2;

impl OrgsCommand {
    /// The scopes of the key that it would make, where it names some.
    fn scopes(&self) -> &[Scope] {
        match self {
            Self::Create(CreateArgs { scopes, .. })
            | Self::Keys { command: KeysCommand::Create { scopes, .. } } => scopes,
            Self::List { .. }
            | Self::Set(_)
            | Self::Keys { command: KeysCommand::Revoke { .. } | KeysCommand::List { .. } } => &[],
        }
    }

    fn common(&self) -> &Common {
        match self {
            Self::Create(CreateArgs { common, .. })
            | Self::List { common }
            | Self::Set(SetArgs { common, .. })
            | Self::Keys {
                command:
                    KeysCommand::Create { common, .. }
                    | KeysCommand::Revoke { common, .. }
                    | KeysCommand::List { common, .. },
            } => common,
        }
    }
}

async fn run(args: OrgsArgs) -> Result<Answer, Failed> {
    let config = args.command.common().target.config()?;
    let engine = Engine::open(&config, Role::Tool).await?;
    let done = command(args.command, &config, &engine).await;
    engine.close().await;
    done
}

async fn command(command: OrgsCommand, config: &Config, engine: &Engine) -> Result<Answer, Failed> {
    let orgs = Orgs::new(engine);
    match command {
        OrgsCommand::Create(args) => create(orgs, config, args).await,
        OrgsCommand::List { common } => {
            Ok(Answer::list(common.json, &orgs.list().await?, org_json, org_table))
        }
        OrgsCommand::Set(SetArgs { org, change, common }) => {
            let record = orgs.set(&org, change.into()).await?;
            Ok(Answer::list(common.json, &[record], org_json, org_table))
        }
        OrgsCommand::Keys { command: KeysCommand::Create { org, scopes, expires, common } } => {
            let key = orgs.create_key(&org, or_all(scopes), expires).await?;
            let printed =
                json!({"orgId": org.as_str(), "keyId": key.record.id.as_str(), "apiKey": key.text.expose()});
            Ok(Answer::new_key(&printed, &key.record, &common.target.flag()))
        }
        OrgsCommand::Keys { command: KeysCommand::Revoke { org, key, common } } => {
            let record = orgs.revoke_key(&org, &key).await?;
            Ok(Answer::list(common.json, &[record], key_json, key_table))
        }
        OrgsCommand::Keys { command: KeysCommand::List { org, common } } => {
            Ok(Answer::list(common.json, &orgs.keys(&org).await?, key_json, key_table))
        }
    }
}

async fn create(orgs: Orgs<'_>, config: &Config, args: CreateArgs) -> Result<Answer, Failed> {
    // Of a name that is given twice the last counts, as with `orgs set`.
    let mut capabilities = CapabilitySet::default();
    for (capability, is_granted) in args.capability {
        capabilities.set(capability, is_granted);
    }
    if args.dukcapil_enabled {
        capabilities.set(Capability::DukcapilEnabled, true);
    }
    let ingest_limit = args.ingest_limit.map(|limit| (RateBucket::NikDukcapil, limit));
    let new = NewOrg {
        name: args.name,
        environment: args.environment,
        capabilities,
        limits: args.limit.into_iter().chain(ingest_limit).collect(),
        scopes: or_all(args.scopes),
        key_dir: config.compliance_key_dir(),
    };
    let created = orgs.create(new).await?;
    let org = &created.org.org;
    let printed = json!({"orgId": org.as_str(), "apiKey": created.key.text.expose()});
    let mut answer = Answer::new_key(&printed, &created.key.record, &args.common.target.flag());
    answer.unseen.insert(0, format!("The org {org} was made nevertheless; do not make it again."));
    let words = match created.org.environment {
        Environment::Sandbox => {
            let dir = config.compliance_key_dir();
            format!("Its signers: {} and signer-2.key", dir.join("signer-1.key").display())
        }
        Environment::Live => format!(
            "It takes no evidence before it has signers: compliance signers init --org {org} {}",
            args.common.target.flag()
        ),
    };
    answer.words.push(words.clone());
    answer.unseen.push(words);
    Ok(answer)
}

impl From<ChangeArgs> for OrgChange {
    fn from(args: ChangeArgs) -> Self {
        let dukcapil_enabled = args.dukcapil_enabled.map(|on| (Capability::DukcapilEnabled, on));
        let short_limits = [
            (RateBucket::Get, args.get_limit),
            (RateBucket::Write, args.write_limit),
            (RateBucket::NikDukcapil, args.ingest_limit),
        ];
        let short_limits = short_limits.into_iter().filter_map(|(bucket, limit)| Some((bucket, limit?)));
        Self {
            name: args.name,
            capabilities: args.capability.into_iter().chain(dukcapil_enabled).collect(),
            strict_scopes: args.strict_scopes,
            limits: args.limit.into_iter().chain(short_limits).collect(),
            policy_version: args.policy_version,
            suite: args.suite,
            settings: args.settings.into_iter().collect(),
        }
    }
}

#[cfg(test)]
mod tests;
