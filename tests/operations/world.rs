//! Two instances of each program on one installation, an org with customers, and the operator's commands.

use domain::ids::{CustomerId, CustomerRef, OrgId};
use serde_json::Value;
use tokio::sync::{Mutex, MutexGuard, OnceCell};

use system_tests::client::{Answer, Api, VERDICT, declined, text, verified};
use system_tests::installation::{Installation, Instance};
use system_tests::patience;
use system_tests::patience::until;
use system_tests::process::{Program, Ran};

/// What all cases share, one at a time.
pub(crate) struct World {
    pub(crate) installation: Installation,
    serves: [Instance; 2],
    pub(crate) projectors: Vec<Instance>,
    pub(crate) org: String,
    /// At each instance.
    pub(crate) each: [Api; 2],
}

static WORLD: OnceCell<Mutex<World>> = OnceCell::const_new();

/// The installation, started by whoever needs it first, with two projectors.
pub(crate) async fn world() -> MutexGuard<'static, World> {
    let world = WORLD.get_or_init(async || Mutex::new(World::start().await)).await;
    let mut world = world.lock().await;
    world.start_projectors().await;
    world
}

impl World {
    async fn start() -> Self {
        let installation = Installation::patient().await;
        let (org, key) = installation.org("Bank Contoh").await;
        let (one, two) = tokio::join!(installation.serve(&[]), installation.serve(&[]));
        let each = [&one, &two].map(|serve| Api::new(serve.url(), &key));
        for api in &each {
            until("the key's work", async || (api.get("/api/auth/me").await.status == 200).then_some(()))
                .await;
        }
        Self { installation, serves: [one, two], projectors: Vec::new(), org, each }
    }

    /// New customers, each with a verdict.
    pub(crate) async fn customers(&self, count: usize) -> Vec<String> {
        let mut customers = Vec::with_capacity(count);
        for number in 0..count {
            let api = &self.each[number % 2];
            let customer = patience::customer(api, &format!("Nasabah {number}")).await;
            let body = if number % 3 == 0 {
                declined(&customer, "Data tidak ditemukan")
            } else {
                verified(&customer)
            };
            patience::verdict(api, &body).await;
            customers.push(customer);
        }
        customers
    }

    /// A verdict to one of the instances, by turns, with as much patience as the API has.
    pub(crate) async fn post(&self, number: usize, body: &Value) -> Answer {
        self.each[number % 2].post(VERDICT, &[("prefer", "wait=10")], body).await
    }

    /// What was answered with 200 by one instance, the other one shows at once.
    pub(crate) async fn is_shown(&self, number: usize, answer: &Answer) {
        let id = answer.json()["verification"]["id"].clone();
        let there = &self.each[1 - number % 2];
        let row = there.get(&format!("/api/identity/verifications/{}", text(&id))).await;
        assert_eq!(row.status, 200, "answered with 200 by one instance, and the other says {row:?}");
    }

    /// `projector …` on this installation.
    pub(crate) async fn projector(&self, words: &[&str]) -> Ran {
        self.installation.tool(Program::Projector, words).await
    }

    /// `projector status`.
    pub(crate) async fn status(&self) -> Value {
        self.projector(&["status", "--json"]).await.json()
    }

    /// The status once nothing lags.
    pub(crate) async fn settled(&self) -> Value {
        until("everything is projected", async || {
            let status = self.status().await;
            (sum(&status, "lag") == 0).then_some(status)
        })
        .await
    }

    pub(crate) fn reference(&self, customer: &str) -> CustomerRef {
        let org = OrgId::parse(&self.org).expect("an org");
        CustomerRef::new(org, CustomerId::parse(customer).expect("a customer"))
    }

    /// Two projectors; those that run must still do.
    pub(crate) async fn start_projectors(&mut self) {
        for instance in self.serves.iter_mut().chain(&mut self.projectors) {
            assert!(instance.process.has_ended().is_none(), "a program ended: {}", instance.output());
        }
        while self.projectors.len() < 2 {
            self.projectors.push(self.installation.project(&[]).await);
        }
    }

    /// Ends every projector.
    pub(crate) async fn stop_projectors(&mut self) {
        for mut projector in self.projectors.drain(..) {
            self.installation.forget(&projector);
            projector.sigterm().await;
        }
    }
}

/// The sum over all partitions of a status.
pub(crate) fn sum(status: &Value, name: &str) -> u64 {
    let partitions = status["partitions"].as_array().expect("partitions");
    partitions.iter().map(|of| of[name].as_u64().expect("a number")).sum()
}

/// The org's books in a status.
pub(crate) fn books<'a>(status: &'a Value, org: &str) -> &'a Value {
    let all = status["books"].as_array().expect("books");
    all.iter().find(|of| of["orgId"] == org).expect("the org's books")
}
