//! The sandbox: an org, a key and a customer that are ready, and what to try first.

use std::time::Duration;

use anyhow::Context as _;
use console_pages::navigation::HOME;
use data_encoding::BASE64;
use domain::ids::{CustomerId, CustomerRef};
use engine::config::Config;
use org_directory::directory::KeyLookup;
use org_directory::sandbox::{ConsoleSignIn, SandboxInfo, SandboxOrg, prepare_org, write_sandbox_json};
use service::UnreadyReason;
use service::telemetry::Metrics;
use tokio_util::sync::CancellationToken;

use crate::compose::Instance;
use crate::endpoints::customers::register;
use crate::reading::customers::registered;
use crate::serving::auth::Caller;
use crate::serving::errors::ApiError;

/// A small real photo, for the curl.
pub const SAMPLE_PHOTO: &[u8] = include_bytes!("../testdata/sample.jpg");

/// The customer's registration; its key makes it the same customer at every start.
const CUSTOMER: &str = r#"{"fullName":"Nasabah Contoh","externalId":"SANDBOX-0001"}"#;

/// What 0.1.0 registered under the same key.
const CUSTOMER_BEFORE: &str = r#"{"fullName":"Contoh Nasabah","externalId":"SANDBOX-0001"}"#;

/// Dukcapil's answer to a query where everything agrees, in its own shape.
const CONFIRMED_RAW: &str = r#"{"content":[{"NIK":"Sesuai","NAMA_LGKP":"Sesuai (100)","TMPT_LHR":"Sesuai (100)","TGL_LHR":"Sesuai","JENIS_KLMIN":"Sesuai"}],"lastPage":true,"numberOfElements":1,"quotaLimiter":4999}"#;

/// Its answer to one where the name is another.
const DECLINED_RAW: &str = r#"{"content":[{"NIK":"Sesuai","NAMA_LGKP":"Tidak Sesuai","TMPT_LHR":"Sesuai (100)","TGL_LHR":"Sesuai","JENIS_KLMIN":"Sesuai"}],"lastPage":true,"numberOfElements":1,"quotaLimiter":4998}"#;

/// Why the answer says that the reference is a stub.
const STUB_WITHOUT_MODEL: &str = "\
\"fallbackStub\":true in the answer says that no face model is configured: the photo is kept as the customer's
reference, but no match relies on it. README, Faces, says how to bring some.";

/// The same where there are models.
const STUB_WITHOUT_FACE: &str = "\
\"fallbackStub\":true in the answer says that no match relies on the photo: this one shows no face. With a portrait
in its place (README, Faces) it is false, and POST /api/identity/face/match compares another picture with it.";

/// How long the sandbox's own changes may take to come round; they take milliseconds.
const COME_ROUND_MAX: Duration = Duration::from_secs(30);

/// Starts an instance with the sandbox's org, key and customer, and once it is ready writes `sandbox.json`.
///
/// # Errors
/// As for [`Instance::assemble`], in words for whoever started it.
pub async fn start(
    config: &Config,
    metrics: Metrics,
    stop: &CancellationToken,
    ingest_limit: u32,
) -> anyhow::Result<(Instance, SandboxInfo)> {
    let mut instance =
        Box::pin(Instance::assemble(config, metrics, stop, &[UnreadyReason::SandboxOrg])).await?;
    match Box::pin(begin(&mut instance, stop, ingest_limit)).await {
        Ok(info) => Ok((instance, info)),
        Err(error) => {
            instance.shutdown().await;
            Err(error)
        }
    }
}

async fn begin(
    instance: &mut Instance,
    stop: &CancellationToken,
    ingest_limit: u32,
) -> anyhow::Result<SandboxInfo> {
    let prepared = tokio::select! {
        () = stop.cancelled() => anyhow::bail!("stopped before it was ready"),
        cause = instance.failed() => return Err(cause),
        prepared = prepare(instance, ingest_limit) => prepared,
    };
    let info = prepared.context("the sandbox")?;
    instance.readiness.settle(UnreadyReason::SandboxOrg);
    instance.serve()?;
    // Whoever sees the file may go on, so it comes last.
    write_sandbox_json(&instance.engine, info.clone()).await?;
    Ok(info)
}

/// Makes the sandbox's org, key and customer, or finds them again.
async fn prepare(instance: &Instance, ingest_limit: u32) -> anyhow::Result<SandboxInfo> {
    let SandboxOrg { org, api_key, customer, staff } = prepare_org(&instance.engine, ingest_limit).await?;
    let digest = api_key.sha256();
    let heard = instance.app.directory.wait_for(|directory| match directory.lookup(&digest) {
        KeyLookup::Known(_, entry) => entry.record == org,
        KeyLookup::Waiting | KeyLookup::Unknown => false,
    });
    tokio::time::timeout(COME_ROUND_MAX, heard).await.context("the sandbox's org was not heard of")?;
    let KeyLookup::Known(key, entry) = instance.app.directory.lookup(&digest) else {
        anyhow::bail!("the sandbox's key is gone");
    };
    let caller = Caller { entry, key };
    let customer = match known(instance, &caller, customer).await? {
        Some(customer) => customer,
        None => new_customer(instance, &caller).await?,
    };
    let info = SandboxInfo {
        url: instance.url.clone(),
        admin_url: instance.admin_url.clone(),
        org_id: org.org.as_str().to_owned(),
        api_key: api_key.expose().to_owned(),
        customer_id: customer,
        console: Some(ConsoleSignIn {
            url: format!("{}{HOME}", instance.url),
            user: staff.user.as_str().to_owned(),
            password: staff.password.expose().to_owned(),
        }),
    };
    if instance.is_on_loopback {
        // Set once: this runs once in a process.
        let _ = instance.app.sandbox_key.set(api_key);
    }
    Ok(info)
}

/// The last start's customer, if it is still one.
async fn known(
    instance: &Instance,
    caller: &Caller,
    customer: Option<CustomerId>,
) -> anyhow::Result<Option<String>> {
    let Some(customer) = customer else { return Ok(None) };
    let customer = CustomerRef::new(caller.org().org.clone(), customer);
    let seen = registered(&instance.app, &customer).await?;
    Ok(seen.map(|_| customer.customer.as_str().to_owned()))
}

async fn new_customer(instance: &Instance, caller: &Caller) -> anyhow::Result<String> {
    let key = Some("sandbox-customer".to_owned());
    let body = CUSTOMER.as_bytes();
    let done = match register(&instance.app, caller, body, key.clone(), COME_ROUND_MAX).await {
        // The folder is of a version whose customer had another name.
        Err(ApiError::KeyReused) => {
            register(&instance.app, caller, CUSTOMER_BEFORE.as_bytes(), key, COME_ROUND_MAX).await
        }
        done => done,
    };
    let done = match done {
        // That customer was erased: another one.
        Err(ApiError::NotFound) => register(&instance.app, caller, body, None, COME_ROUND_MAX).await,
        done => done,
    };
    Ok(done.context("the sandbox's customer was not registered")?.body.id)
}

/// Where people look.
fn console_sign_in(console: &ConsoleSignIn) -> String {
    let ConsoleSignIn { url, user, password } = console;
    format!("The console is at {url}: user {user}, password {password}\n")
}

/// What to try first: a curl that works as it stands, and what becomes of it. Without an `Idempotency-Key`, so that
/// it can be edited and sent again: the same key with another body is refused.
pub fn first_steps(info: &SandboxInfo, has_models: bool) -> String {
    let SandboxInfo { url, api_key: key, customer_id: customer, .. } = info;
    let photo = BASE64.encode(SAMPLE_PHOTO);
    let console = info.console.as_ref().map(console_sign_in).unwrap_or_default();
    let stub = if has_models { STUB_WITHOUT_FACE } else { STUB_WITHOUT_MODEL };
    format!(
        r#"The sandbox is ready at {url} (docs: {url}/docs).
{console}
The command at the end sends a verdict that Dukcapil confirmed. For one that it declined, put this body in its place:
  {{"customerId":"{customer}","valid":false,"reason":"Nama tidak sesuai","raw":{DECLINED_RAW}}}

Each time it is sent it is a verdict of its own. A backend sends a header Idempotency-Key of its own with every
verdict: then one that is sent again, after a timeout say, counts once.

{stub}

curl -sS '{url}/api/identity/nik/dukcapil' \
  -H 'Authorization: Bearer {key}' \
  -H 'Content-Type: application/json' \
  -d '{{"customerId":"{customer}","valid":true,"reason":"Data sesuai","raw":{CONFIRMED_RAW},"photo":"{photo}"}}'
"#
    )
}
