//! What every request handler reaches for: the ports, the settings, and this instance's own counters. Made once.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use domain::ports::{
    AccessIndex, EventLog, ExternalIds, Inspection, NikIndex, Rechecks, StaffAccounts, StaffSessions,
    VerificationCounts, Views,
};
use domain::rows::Generation;
use domain::time::Timestamp;
use event_codec::Codec;
use generation_watch::LiveGeneration;
use org_directory::Directory;
use org_directory::api_key::ApiKey;
use org_directory::signers::SignerSets;
use vault::{ReviewVault, Vault};

use crate::captures::CaptureServices;
use crate::console::password_gate::PasswordGate;
use crate::endpoints::flash_challenge::IssuedChallenges;
use crate::faces::FaceServices;
use crate::reading::read_records::ReadRecords;
use crate::serving::admission::BodyAdmission;
use crate::serving::errors::ApiError;
use crate::serving::rate_limit::Limiter;
use crate::settings::Settings;
use crate::writes::evidence_secrets::EvidenceSecrets;
use crate::writes::keyed_mutex::KeyedMutex;
use crate::writes::outcome_hub::OutcomeHub;
use crate::writes::single_flight::SingleFlight;
use crate::writes::unprojected_writes::UnprojectedWrites;

/// The ports the front end works through.
pub struct Ports {
    /// Events and evidence out.
    pub log: Arc<dyn EventLog>,
    /// The read model.
    pub views: Arc<dyn Views>,
    /// Its numbers by day.
    pub counts: Arc<dyn VerificationCounts>,
    /// Which customers brought which NIK.
    pub nik_index: Arc<dyn NikIndex>,
    /// Who waits for Dukcapil's word.
    pub rechecks: Arc<dyn Rechecks>,
    /// How far it is.
    pub inspection: Arc<dyn Inspection>,
    /// Which generation of it answers.
    pub live: LiveGeneration,
    /// The orgs' own ids for customers.
    pub external_ids: Arc<dyn ExternalIds>,
    /// Staff of the console.
    pub staff_accounts: Arc<dyn StaffAccounts>,
    /// Who of them is signed in.
    pub staff_sessions: Arc<dyn StaffSessions>,
    /// Who looked at whom, in the console.
    pub access_index: Arc<dyn AccessIndex>,
    /// Customers' keys.
    pub vault: Vault,
    /// Review copies of pending captures.
    pub review_vault: ReviewVault,
    /// Records' form.
    pub codec: Codec,
    /// Orgs and API keys.
    pub directory: Directory,
    /// Who may open evidence.
    pub signers: SignerSets,
    /// Probes, and references' vectors.
    pub faces: FaceServices,
    /// Who judges captures.
    pub captures: CaptureServices,
    /// Reads of personal data that are not written yet.
    pub reads: Arc<ReadRecords>,
}

/// Everything a handler needs.
pub struct App {
    /// Reached as if they were the app's own: most handlers use nothing else.
    ports: Ports,
    /// What an operator may change.
    pub settings: Settings,
    /// Outcomes for waiting callers.
    pub outcomes: Arc<OutcomeHub>,
    /// What evidence is sealed with.
    pub evidence_secrets: EvidenceSecrets,
    /// Rate limits.
    pub limiter: Limiter,
    /// Bytes in flight.
    pub admission: Arc<BodyAdmission>,
    /// Writes that have repetitions, one of each name at a time.
    pub single_flight: SingleFlight,
    /// Writes that are in the log and were not seen projected.
    pub unprojected_writes: UnprojectedWrites,
    /// Challenges that were issued here and were not seen projected.
    pub issued_challenges: IssuedChallenges,
    /// Registrations of one external id, one after the other.
    pub external_id_mutex: KeyedMutex,
    /// The way to a password's hash.
    pub password_gate: PasswordGate,
    /// A sandbox's own key, where its listener is on loopback: the page of the API fills it in.
    pub sandbox_key: OnceLock<ApiKey>,
}

impl App {
    /// Puts the parts together.
    pub fn new(ports: Ports, settings: Settings, outcomes: Arc<OutcomeHub>) -> Arc<Self> {
        let admission = BodyAdmission::new(settings.admission_bytes, settings.admission_org_bytes);
        let evidence_secrets = EvidenceSecrets::new(
            ports.signers.clone(),
            Arc::clone(&ports.log),
            ports.codec.clone(),
            settings.append_deadline,
        );
        Arc::new(Self {
            ports,
            settings,
            outcomes,
            evidence_secrets,
            limiter: Limiter::default(),
            admission,
            single_flight: SingleFlight::default(),
            unprojected_writes: UnprojectedWrites::default(),
            issued_challenges: IssuedChallenges::default(),
            external_id_mutex: KeyedMutex::default(),
            password_gate: PasswordGate::default(),
            sandbox_key: OnceLock::new(),
        })
    }

    /// The clock on the wall.
    pub fn now(&self) -> Timestamp {
        service::clock::now()
    }

    /// The generation of the read model that answers now, as a rule without asking the store.
    ///
    /// # Errors
    /// From the store, when it has to be asked.
    pub async fn generation(&self) -> Result<Generation, ApiError> {
        Ok(self.live.generation().await?)
    }
}

impl Deref for App {
    type Target = Ports;

    fn deref(&self) -> &Ports {
        &self.ports
    }
}
