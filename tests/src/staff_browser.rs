//! Staff of a sandbox at their browsers, and what the console's pages say to them: rows, links, words. The browser itself
//! is `console.rs`'s.

use serde_json::Value;

use crate::client::text;
use crate::console::{ConsoleAnswer, ConsoleBrowser};
use crate::harness::ContractHarness as _;
use crate::sandbox::Sandbox;

impl ConsoleAnswer {
    /// The ids of its rows, in order.
    pub fn rows(&self) -> Vec<String> {
        self.values_of("<tr data-id")
    }

    /// The addresses that it links to, in order.
    pub fn links(&self) -> Vec<String> {
        self.values_of(" href")
    }

    /// The address of the link with that text.
    pub fn link(&self, words: &str) -> Option<String> {
        let (before, _) = self.body.split_once(&format!(">{words}</a>"))?;
        let (_, tag) = before.rsplit_once("<a ")?;
        let address = tag.split("href=\"").nth(1)?.split('"').next()?;
        Some(address.replace("&amp;", "&"))
    }

    /// Of that status, and it says all of this.
    #[track_caller]
    pub fn says(&self, status: u16, wanted: &[&str]) {
        assert_eq!(self.status, status, "{self:?}");
        for words in wanted {
            assert!(self.body.contains(words), "{words:?} is not on the page: {}", self.body);
        }
    }

    /// It says none of this.
    #[track_caller]
    pub fn never_says(&self, unwanted: &[&str]) {
        for words in unwanted {
            assert!(!self.body.contains(words), "{words:?} is on the page: {}", self.body);
        }
    }

    fn values_of(&self, attribute: &str) -> Vec<String> {
        let parts = self.body.split(&format!("{attribute}=\"")).skip(1).collect::<Vec<_>>();
        let values = parts.into_iter().filter_map(|rest| rest.split('"').next());
        values.map(|value| value.replace("&amp;", "&")).collect()
    }
}

/// A member of staff who is signed in, and reads English at first.
pub struct StaffBrowser {
    console: ConsoleBrowser,
}

impl StaffBrowser {
    /// One that nobody has signed in at.
    pub fn new(sandbox: &Sandbox) -> Self {
        let browser = Self { console: ConsoleBrowser::new(&sandbox.info().url) };
        browser.reads("en");
        browser
    }

    /// Signed in as `sandbox.json` says.
    pub async fn of_sandbox(sandbox: &Sandbox) -> Self {
        let file = std::fs::read(sandbox.folder().join("sandbox.json")).expect("a file");
        let info: Value = serde_json::from_slice(&file).expect("JSON");
        Self::signed_in(sandbox, &info["console"]).await
    }

    /// Signed in with a new account of the sandbox's org in that role.
    pub async fn with_role(sandbox: &Sandbox, user: &str, role: &str) -> Self {
        Self::of_org(sandbox, &sandbox.info().org, user, role).await
    }

    /// The same of another org.
    pub async fn of_org(sandbox: &Sandbox, org: &str, user: &str, role: &str) -> Self {
        let made = sandbox.staff(&["add", user, "--role", role, "--org", org, "--json"]).await.json();
        Self::signed_in(sandbox, &made).await
    }

    async fn signed_in(sandbox: &Sandbox, account: &Value) -> Self {
        let browser = Self::new(sandbox);
        let answer = browser.console.sign_in(text(&account["user"]), text(&account["password"])).await;
        assert_eq!(answer.goes_to(), "/console/");
        browser
    }

    /// From now on in that language.
    pub fn reads(&self, language: &str) {
        self.console.put_cookie("console-language", language);
    }

    pub async fn get(&self, path: &str) -> ConsoleAnswer {
        self.console.get(path).await
    }

    /// Sends a form as it stands, without what a page of the console would add.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> ConsoleAnswer {
        self.console.post(path, fields).await
    }

    /// Sends a form of that page.
    pub async fn submit(&self, page: &ConsoleAnswer, path: &str, fields: &[(&str, &str)]) -> ConsoleAnswer {
        let csrf = page.field("csrf").unwrap_or_else(|| panic!("no form: {page:?}"));
        let fields: Vec<_> = [("csrf", csrf.as_str())].into_iter().chain(fields.iter().copied()).collect();
        self.post(path, &fields).await
    }
}
