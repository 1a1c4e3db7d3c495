//! Which programs this machine has: a Java and Maven. Not here: what is fetched with them
//! (`artifacts`).

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use crate::artifacts;
use crate::limits::VERSION_WITHIN;
use crate::process::run;

/// Kafka 4 brokers and Cassandra 5.0 both run on 17; neither is run on an older one here.
const JAVA_MAJOR_MIN: u32 = 17;

/// The programs that must be installed before a server can be started.
pub struct InstalledTools;

impl InstalledTools {
    /// Whether servers can be started here.
    ///
    /// # Errors
    ///
    /// What is missing and what to install, in words.
    pub fn available() -> Result<(), String> {
        let mut missing = Vec::new();
        if let Err(why) = java_is_new_enough() {
            missing.push(why);
        }
        // With both servers in the cache nothing will be fetched.
        if !artifacts::all_cached() && !answers("mvn".into(), "--version") {
            missing.push("Apache Maven (`mvn` on the PATH) is missing: install Maven 3.8 or newer".into());
        }
        if missing.is_empty() { Ok(()) } else { Err(missing.join("; ")) }
    }
}

/// `$JAVA_HOME/bin/java` where that is set, as Maven does, else the PATH's.
pub(crate) fn java() -> OsString {
    match std::env::var_os("JAVA_HOME").filter(|home| !home.is_empty()) {
        Some(home) => PathBuf::from(home).join("bin/java").into_os_string(),
        None => "java".into(),
    }
}

fn answers(program: OsString, argument: &str) -> bool {
    let mut command = Command::new(&program);
    command.arg(argument);
    run("a version check", command, VERSION_WITHIN).is_ok()
}

fn java_is_new_enough() -> Result<(), String> {
    let mut command = Command::new(java());
    command.arg("-version");
    let wanted = format!("a JDK {JAVA_MAJOR_MIN} or newer");
    let text = run("java -version", command, VERSION_WITHIN).map_err(|_| {
        format!("{wanted} is missing: neither $JAVA_HOME/bin/java nor `java` on the PATH runs")
    })?;
    match major(&text) {
        Some(major) if major >= JAVA_MAJOR_MIN => Ok(()),
        Some(major) => Err(format!("{wanted} is missing: `java` is {major}")),
        None => Err(format!("{wanted} is missing: `java -version` names no version")),
    }
}

/// `openjdk version "17.0.15" 2025-04-15` → 17; the first quoted word is the version since Java 1.
fn major(text: &str) -> Option<u32> {
    let version = text.split('"').nth(1)?;
    let digits = version.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn the_major_version_is_read_from_what_java_prints() {
        for (text, expected) in [
            ("openjdk version \"17.0.15\" 2025-04-15\n", Some(17)),
            ("java version \"1.8.0_202\"\n", Some(1)),
            ("openjdk version \"21-ea\"\n", Some(21)),
            ("sh: java: not found", None),
        ] {
            assert_eq!(major(text), expected, "{text}");
        }
    }
}
