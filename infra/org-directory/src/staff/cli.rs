//! `staff …` as a command (contract §6). What it prints on stdout is JSON for programs and tables for people; words go
//! to stderr. Exit codes: 0 done, 1 failed, 2 wrong usage.

use std::io::Read as _;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use domain::ids::OrgId;
use domain::staff::{StaffAccount, StaffRole, StaffUserName};
use engine::{Engine, InstallationTarget, Role};
use serde_json::{Value, json};
use service::program::{print, say, table};
use zeroize::Zeroizing;

use super::{StaffDirectory, StaffPassword};
use crate::limits::{STAFF_PASSWORD_CHARS, STAFF_PASSWORD_INPUT_BYTES_MAX};

const STAFF: &str = "Examples:
  ingest-api staff add ana --role analyst --config identity.toml
  ingest-api staff add siti@bank.example --role compliance --org org_… --config identity.toml
  ingest-api staff list --data-dir ./data
  ingest-api staff disable ana --config identity.toml
  ingest-api staff reset ana --config identity.toml";

const ADD: &str = "Examples:
  ingest-api staff add ana --role analyst --config identity.toml
  pwgen 20 1 | ingest-api staff add ana --role admin --password-stdin --data-dir ./data

Prints {\"user\",\"password\"}. The password is made here and shown this once, or comes from standard input.";

const LIST: &str = "Examples:
  ingest-api staff list --config identity.toml
  ingest-api staff list --org org_… --data-dir ./data --json";

const DISABLE: &str = "Examples:
  ingest-api staff disable ana --config identity.toml

Whoever is signed in with it is out with the next page. `staff reset` puts it in force again.";

const RESET: &str = "Examples:
  ingest-api staff reset ana --config identity.toml

Gives the account a new password, also where it was disabled, and ends its sessions.";

/// Who may sign in to the console.
#[derive(Debug, Args)]
#[command(after_help = STAFF)]
pub struct StaffArgs {
    #[command(subcommand)]
    command: StaffCommand,
}

#[derive(Debug, Subcommand)]
enum StaffCommand {
    /// Make an account; prints {"user","password"}. The password is shown this once
    #[command(after_help = ADD)]
    Add {
        /// The name to sign in with: 3 to 64 of a-z, 0-9 and . _ @ -
        #[arg(value_parser = user_name)]
        user: StaffUserName,
        /// analyst, reviewer, compliance or admin
        #[arg(long, value_parser = role)]
        role: StaffRole,
        /// Whose customers it sees [default: the only org]
        #[arg(long, value_parser = org_id)]
        org: Option<OrgId>,
        #[command(flatten)]
        password: PasswordArgs,
        #[command(flatten)]
        common: Common,
    },
    /// List the accounts
    #[command(after_help = LIST)]
    List {
        /// Of this org only
        #[arg(long, value_parser = org_id)]
        org: Option<OrgId>,
        #[command(flatten)]
        common: Common,
    },
    /// Disable an account and end its sessions
    #[command(after_help = DISABLE)]
    Disable {
        /// Its name
        #[arg(value_parser = user_name)]
        user: StaffUserName,
        #[command(flatten)]
        common: Common,
    },
    /// Give an account a new password; prints {"user","password"}. The password is shown this once
    #[command(after_help = RESET)]
    Reset {
        /// Its name
        #[arg(value_parser = user_name)]
        user: StaffUserName,
        #[command(flatten)]
        password: PasswordArgs,
        #[command(flatten)]
        common: Common,
    },
}

#[derive(Debug, Args)]
struct PasswordArgs {
    /// Take the password from standard input, one line, and do not print it
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Debug, Args)]
struct Common {
    #[command(flatten)]
    target: InstallationTarget,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn user_name(text: &str) -> Result<StaffUserName, String> {
    StaffUserName::parse(text).ok_or_else(|| "a user name is 3 to 64 of a-z, 0-9 and . _ @ -".to_owned())
}

fn role(word: &str) -> Result<StaffRole, String> {
    let all = || StaffRole::ALL.map(StaffRole::as_str).join(", ");
    StaffRole::parse(word).ok_or_else(|| format!("roles are {}", all()))
}

fn org_id(text: &str) -> Result<OrgId, String> {
    OrgId::parse(text).map_err(|error| error.to_string())
}

/// What went wrong, in words; whoever called prints it.
type Failed = Box<dyn std::error::Error + Send + Sync>;

/// What a command has to say. It may hold a password, so it has no `Debug`.
struct StaffAnswer {
    /// For standard output.
    text: Zeroizing<String>,
    /// For people, beside it.
    words: Option<String>,
    /// For people, where the text could not be written.
    unseen: Option<String>,
}

impl StaffAnswer {
    fn accounts(as_json: bool, accounts: &[StaffAccount]) -> Self {
        let text = if as_json {
            format!("{}\n", Value::Array(accounts.iter().map(account_json).collect()))
        } else {
            account_table(accounts)
        };
        Self { text: Zeroizing::new(text), words: None, unseen: None }
    }

    /// The password is in the printed object, if anywhere.
    fn credentials(account: &StaffAccount, password: &NewPassword, target: &str) -> Self {
        let user = account.user.as_str();
        match password {
            NewPassword::Given(_) => {
                let text = Zeroizing::new(format!("{}\n", json!({ "user": user })));
                Self { text, words: None, unseen: None }
            }
            NewPassword::Generated(password) => Self {
                text: Zeroizing::new(format!("{}\n", json!({ "user": user, "password": password.expose() }))),
                words: Some("This password is not shown again.".to_owned()),
                unseen: Some(format!(
                    "{user} has a new password that nobody has seen, and it is not shown again. Make another:\n  \
                     ingest-api staff reset {user} {target}"
                )),
            },
        }
    }

    /// Shows it; the exit code. The command has done its work by then.
    fn show(&self) -> ExitCode {
        if let Err(error) = print(&self.text) {
            say(&format!("error: {error}"));
            self.unseen.iter().for_each(|words| say(words));
            return ExitCode::FAILURE;
        }
        self.words.iter().for_each(|words| say(words));
        ExitCode::SUCCESS
    }
}

/// Where a password is from.
enum NewPassword {
    Generated(StaffPassword),
    Given(StaffPassword),
}

/// What is on standard input, up to what a password may be and one byte more, which makes it none.
fn standard_input() -> std::io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::with_capacity(STAFF_PASSWORD_INPUT_BYTES_MAX + 1));
    std::io::stdin().take(STAFF_PASSWORD_INPUT_BYTES_MAX as u64 + 1).read_to_string(&mut text)?;
    Ok(text)
}

impl NewPassword {
    async fn of(args: &PasswordArgs) -> Result<Self, Failed> {
        if !args.password_stdin {
            return Ok(Self::Generated(StaffPassword::generate()));
        }
        let text = tokio::task::spawn_blocking(standard_input).await??;
        let line = text.strip_suffix('\n').unwrap_or(&text);
        let line = line.strip_suffix('\r').unwrap_or(line);
        let (least, most) = (STAFF_PASSWORD_CHARS.start(), STAFF_PASSWORD_CHARS.end());
        let password = StaffPassword::parse(line);
        Ok(Self::Given(
            password.ok_or_else(|| format!("a password is one line of {least} to {most} characters"))?,
        ))
    }

    fn password(&self) -> &StaffPassword {
        match self {
            Self::Generated(password) | Self::Given(password) => password,
        }
    }
}

/// Runs `staff …` against the engine that it names; its exit code.
pub async fn run_staff(args: StaffArgs) -> ExitCode {
    match run(args.command).await {
        Ok(answer) => answer.show(),
        Err(error) => {
            say(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(command: StaffCommand) -> Result<StaffAnswer, Failed> {
    let (StaffCommand::Add { common, .. }
    | StaffCommand::List { common, .. }
    | StaffCommand::Disable { common, .. }
    | StaffCommand::Reset { common, .. }) = &command;
    let config = common.target.config()?;
    let engine = Engine::open(&config, Role::Tool).await?;
    let done = carry_out(command, &StaffDirectory::new(&engine)).await;
    engine.close().await;
    done
}

async fn carry_out(command: StaffCommand, staff: &StaffDirectory<'_>) -> Result<StaffAnswer, Failed> {
    match command {
        StaffCommand::Add { user, role, org, password, common } => {
            let password = NewPassword::of(&password).await?;
            let account = staff.add(user, role, org.as_ref(), password.password()).await?;
            Ok(StaffAnswer::credentials(&account, &password, &common.target.flag()))
        }
        StaffCommand::List { org, common } => {
            Ok(StaffAnswer::accounts(common.json, &staff.list(org.as_ref()).await?))
        }
        StaffCommand::Disable { user, common } => {
            Ok(StaffAnswer::accounts(common.json, &[staff.disable(&user).await?]))
        }
        StaffCommand::Reset { user, password, common } => {
            let password = NewPassword::of(&password).await?;
            let account = staff.reset(&user, password.password()).await?;
            Ok(StaffAnswer::credentials(&account, &password, &common.target.flag()))
        }
    }
}

fn account_json(account: &StaffAccount) -> Value {
    json!({
        "user": account.user.as_str(),
        "orgId": account.org.as_str(),
        "role": account.role.as_str(),
        "disabled": account.is_disabled,
        "createdAt": account.created_at.rfc3339(),
    })
}

fn account_table(accounts: &[StaffAccount]) -> String {
    let rows = accounts.iter().map(|account| {
        let state = if account.is_disabled { "disabled" } else { "active" };
        [
            account.user.to_string(),
            account.role.as_str().to_owned(),
            state.to_owned(),
            account.org.to_string(),
            account.created_at.rfc3339(),
        ]
    });
    table(["user", "role", "state", "org", "created"], rows)
}
